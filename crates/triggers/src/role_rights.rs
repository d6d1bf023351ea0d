//! What is done on a function's behalf is done in the function's role.

use crate::Peers;
use ::topics::{TopicId, Topics, TopicsError};
use access::iam::LoadedPolicy;
use access::policy::Context;
use access::{Access, Asked, IamError, Principal, Resource, Sent, Session, Validity};
use clock::Clock;
use functions::{FunctionId, Functions, FunctionsError};
use names::{AccountId, Arn, Region};
use queues::{QueueId, Queues, QueuesError};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const LAMBDA: &str = "lambda.amazonaws.com";

/// Nobody sees it.
const SESSION: Duration = Duration::from_secs(900);

#[derive(Clone)]
pub(crate) struct RoleRights {
    clock: Clock,
    access: Access,
    functions: Functions,
    queues: Queues,
    topics: Topics,
}

/// A role, and what it would do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InRole<'a> {
    /// ARN.
    pub role: &'a str,
    pub of: &'a FunctionId,
    /// ARN.
    pub resource: &'a str,
    pub actions: &'static [&'static str],
}

impl RoleRights {
    pub fn new(clock: Clock, access: Access, peers: &Peers) -> Self {
        let Peers { functions, queues, topics, .. } = peers.clone();
        RoleRights { clock, access, functions, queues, topics }
    }

    /// The first of the actions that the role may not do; `None` where it may do all.
    ///
    /// # Errors
    /// The store fails.
    pub async fn denied(&self, asked: InRole<'_>) -> Result<Option<&'static str>, FunctionsError> {
        let Some(first) = asked.actions.first() else { return Ok(None) };
        let Ok(arn) = Arn::parse(asked.resource) else { return Ok(Some(first)) };
        let FunctionId { account, region, .. } = asked.of;
        let Some(principal) = self.principal(asked.role, account).await? else { return Ok(Some(first)) };
        let shared = [self.resource_policy(&arn).await?];
        // A bucket's ARN does not say whose it is: who acts on it sees to it that it is the same account's.
        let owner = AccountId::parse(&arn.account).ok().unwrap_or_else(|| account.clone());
        let resources = [Resource::owned_by(arn, Some(owner))];
        for action in asked.actions {
            let asked = Asked {
                principal: &principal,
                action,
                resources: &resources,
                sent: &self.sent(region),
                context: Context::new(),
                shared: &shared,
            };
            if !self.access.authorize(asked).await.map_err(store)?.is_allowed() {
                return Ok(Some(action));
            }
        }
        Ok(None)
    }

    fn sent<'a>(&self, region: &'a Region) -> Sent<'a> {
        Sent { at: self.clock.now(), source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST), user_agent: LAMBDA, region }
    }

    /// A session of the role, if there is one that functions may act in.
    async fn principal(&self, role: &str, account: &AccountId) -> Result<Option<Principal>, FunctionsError> {
        let access = &self.access;
        let Ok(arn) = Arn::parse(role) else { return Ok(None) };
        if !access.trusts_service(&arn, LAMBDA).await.map_err(store)? {
            return Ok(None);
        }
        let loaded = access.iam().role_policies(&arn).await.map_err(store)?;
        let (Some(loaded), Some(account)) = (loaded, access.account(account)) else { return Ok(None) };
        let session = Session::of_role(arn, &loaded.identity.id, "on-behalf-of-function");
        let now = self.clock.now();
        Ok(Some(Principal::Session {
            owner: account.owner(),
            session: Box::new(session),
            validity: Validity { issued: now, expires: now + SESSION },
        }))
    }

    /// The policy that the resource has of its own: it may allow more, and forbid.
    async fn resource_policy(&self, arn: &Arn) -> Result<Option<LoadedPolicy>, FunctionsError> {
        let document = if let Some(queue) = QueueId::of_arn(arn) {
            self.queues.resource_policy(&queue).await.map_err(of_queue)?
        } else if let Some(topic) = TopicId::of_arn(arn) {
            self.topics.resource_policy(&topic).await.map_err(of_topic)?
        } else if arn.service == "lambda" {
            self.functions.resource_policy(arn).await?
        } else {
            None
        };
        Ok(document.map(|document| LoadedPolicy { name: format!("resource policy of {arn}"), document }))
    }
}

fn of_queue(error: QueuesError) -> FunctionsError {
    match error {
        QueuesError::Store(error) => FunctionsError::Store(error),
        other => FunctionsError::Internal(other.to_string()),
    }
}

fn of_topic(error: TopicsError) -> FunctionsError {
    match error {
        TopicsError::Store(error) => FunctionsError::Store(error),
        other => FunctionsError::Internal(other.to_string()),
    }
}

fn store(error: IamError) -> FunctionsError {
    FunctionsError::Internal(format!("rights of a role cannot be read: {error}"))
}
