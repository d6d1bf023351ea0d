//! Sources are read in the role of the function that they are read for.

use super::{Mapping, MappingError, Mappings, Source};
use access::policy::Context;
use access::{Asked, Principal, Resource, Sent, Session, Validity};
use clock::Clock;
use names::{AccountId, Arn};
use queues::QueueId;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Nobody sees it.
const SESSION: Duration = Duration::from_secs(900);

impl Mappings {
    /// Why the function's role may not read the source; `None` where it may.
    ///
    /// # Errors
    /// The function is not there; the store fails.
    pub(super) async fn refusal(
        &self,
        mapping: &Mapping,
        source: &Source,
    ) -> Result<Option<String>, MappingError> {
        let refused = |(action, role): (&str, String)| source.refusal(&mapping.source_arn, action, &role);
        Ok(self.denied(mapping, &mapping.source_arn, source.actions()).await?.map(refused))
    }

    /// Why the function's role may not send to the queue; `None` where it may.
    ///
    /// # Errors
    /// As [`Mappings::refusal`].
    pub(super) async fn may_not_tell(
        &self,
        mapping: &Mapping,
        queue: &QueueId,
    ) -> Result<Option<String>, MappingError> {
        let arn = queue.arn().to_string();
        let refused = |(_, role): (&str, String)| {
            format!(
                "The function execution role does not have permissions to call SendMessage on SQS, the destination. \
                 (The role {role} may not do so with {arn}.)"
            )
        };
        Ok(self.denied(mapping, &arn, &["sqs:SendMessage"]).await?.map(refused))
    }

    /// The first of the actions that the function's role may not do, and the role.
    async fn denied(
        &self,
        mapping: &Mapping,
        resource: &str,
        actions: &'static [&'static str],
    ) -> Result<Option<(&'static str, String)>, MappingError> {
        let unreadable = || MappingError::Invalid(format!("{} is no function", mapping.function_arn));
        let (id, qualifier) = mapping.function().ok_or_else(unreadable)?;
        let region = id.region.clone();
        let account = id.account.clone();
        let role = self.0.functions.get_function(id, qualifier).await?.described.configuration.role;
        let Some(first) = actions.first() else { return Ok(None) };
        let Ok(arn) = Arn::parse(resource) else { return Ok(Some((first, role))) };
        let Some(principal) = self.in_role(&role, &account).await? else { return Ok(Some((first, role))) };
        let resources = [Resource::new(arn)];
        let sent = Sent {
            at: self.0.clock.now(),
            source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: "lambda.amazonaws.com",
            region: &region,
        };
        for action in actions {
            let asked = Asked {
                principal: &principal,
                action,
                resources: &resources,
                sent: &sent,
                context: Context::new(),
                shared: &[],
            };
            if !self.0.access.authorize(asked).await.map_err(store)?.is_allowed() {
                return Ok(Some((action, role)));
            }
        }
        Ok(None)
    }

    /// A session of the role, if there is one that functions may act in.
    async fn in_role(&self, role: &str, account: &AccountId) -> Result<Option<Principal>, MappingError> {
        let access = &self.0.access;
        let Ok(arn) = Arn::parse(role) else { return Ok(None) };
        if !access.trusts_service(&arn, "lambda.amazonaws.com").await.map_err(store)? {
            return Ok(None);
        }
        let loaded = access.iam().role_policies(&arn).await.map_err(store)?;
        let (Some(loaded), Some(account)) = (loaded, access.account(account)) else { return Ok(None) };
        let session = Session::of_role(arn, &loaded.identity.id, "event-source-mapping");
        Ok(Some(Principal::Session {
            owner: account.owner(),
            session: Box::new(session),
            validity: validity(&self.0.clock),
        }))
    }
}

fn validity(clock: &Clock) -> Validity {
    let now = clock.now();
    Validity { issued: now, expires: now + SESSION }
}

fn store(error: access::IamError) -> MappingError {
    tracing::error!(%error, "rights of an event source mapping cannot be read");
    MappingError::Invalid("rights cannot be read".to_owned())
}
