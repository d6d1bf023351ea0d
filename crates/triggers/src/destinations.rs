//! Who is told what came of asynchronous invocations: their destinations and dead letter queues
//! (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>).
//!
//! A destination of a further kind is a line in [`Destination`] and one in `hand_on`.

mod hand_on;
mod message;

use crate::Peers;
use crate::role_rights::{InRole, RoleRights};
use ::topics::{TopicId, Topics};
use access::Access;
use clock::Clock;
use functions::{FollowUp, FunctionId, Functions, FunctionsError};
use kv::Kv;
use names::FunctionReference;
use queues::{QueueId, Queues, QueuesError};
use std::time::Duration;
use tokio::sync::watch;

/// The rest after the store failed.
const REST: Duration = Duration::from_secs(1);

/// Cheap to clone.
#[derive(Clone)]
pub struct Destinations {
    kv: Kv,
    clock: Clock,
    functions: Functions,
    queues: Queues,
    topics: Topics,
    rights: RoleRights,
}

enum Destination {
    Function,
    Queue(QueueId),
    Topic(TopicId),
}

impl Destination {
    fn parse(arn: &str) -> Option<Self> {
        if let Some(queue) = QueueId::parse_arn(arn) {
            return Some(Destination::Queue(queue));
        }
        if let Some(topic) = TopicId::parse_arn(arn) {
            return Some(Destination::Topic(topic));
        }
        let FunctionReference { account, region, .. } = FunctionReference::parse(arn).ok()?;
        (account.is_some() && region.is_some()).then_some(Destination::Function)
    }

    /// What the role must be allowed to do.
    fn actions(&self) -> &'static [&'static str] {
        match self {
            Destination::Function => &["lambda:InvokeFunction"],
            Destination::Queue(_) => &["sqs:SendMessage"],
            Destination::Topic(_) => &["sns:Publish"],
        }
    }
}

impl Destinations {
    pub fn new(kv: Kv, clock: Clock, access: Access, peers: Peers) -> Self {
        let rights = RoleRights::new(clock.clone(), access, &peers);
        let Peers { functions, queues, topics, .. } = peers;
        Destinations { kv, clock, functions, queues, topics, rights }
    }

    /// Why a function that acts in `role` cannot have `arn` as a destination, in Lambda's words; `None` if it can.
    ///
    /// # Errors
    /// The store fails.
    pub async fn refusal(
        &self,
        role: &str,
        of: &FunctionId,
        arn: &str,
    ) -> Result<Option<String>, FunctionsError> {
        let destination = match Destination::parse(arn) {
            Some(Destination::Queue(queue)) if queue.name.is_fifo() => None,
            Some(Destination::Topic(topic)) if topic.name.is_fifo() => None,
            other => other,
        };
        let Some(destination) = destination else {
            return Ok(Some(format!(
                "The destination ARN {arn} is not supported: destinations can be functions, standard queues and standard topics."
            )));
        };
        if let Some(action) = self.denied(role, of, arn, &destination).await? {
            return Ok(Some(format!(
                "The function's execution role does not have permissions to call {action} on {arn}. (The role is {role}.)"
            )));
        }
        let missing = match destination {
            Destination::Queue(queue) => self
                .queues
                .queue_info(queue)
                .await
                .is_err_and(|error| matches!(error, QueuesError::NoSuchQueue))
                .then_some("queue"),
            Destination::Topic(topic) => {
                self.topics.is_there(&topic).await.is_ok_and(|is_there| !is_there).then_some("topic")
            }
            // The service itself looks for it.
            Destination::Function => None,
        };
        Ok(missing.map(|what| format!("The destination ARN {arn} is invalid: there is no such {what}.")))
    }

    /// As [`Destinations::refusal`], for a dead letter queue or topic.
    ///
    /// # Errors
    /// The store fails.
    pub async fn dead_letter_refusal(
        &self,
        role: &str,
        of: &FunctionId,
        arn: &str,
    ) -> Result<Option<String>, FunctionsError> {
        let (target, service) = match Destination::parse(arn) {
            Some(target @ Destination::Queue(_)) => (target, "SQS"),
            Some(target @ Destination::Topic(_)) => (target, "SNS"),
            Some(Destination::Function) | None => {
                return Ok(Some(format!(
                    "The dead letter target {arn} is not supported: it can be a standard queue or topic."
                )));
            }
        };
        if let Some(action) = self.denied(role, of, arn, &target).await? {
            return Ok(Some(format!(
                "The provided execution role does not have permissions to call {action} on {service} (the role {role}, \
                 on {arn})"
            )));
        }
        self.refusal(role, of, arn).await
    }

    async fn denied(
        &self,
        role: &str,
        of: &FunctionId,
        resource: &str,
        destination: &Destination,
    ) -> Result<Option<&'static str>, FunctionsError> {
        let denied =
            self.rights.denied(InRole { role, of, resource, actions: destination.actions() }).await?;
        Ok(denied.map(|action| action.split_once(':').map_or(action, |(_, name)| name)))
    }

    /// Tells them until `stop` turns true. Run exactly one per store.
    ///
    /// May be dropped at any time: who was not told by then is, at the next start.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        // Made before the first look, so that nothing is missed.
        let mut commits = self.kv.watch(FollowUp::all().as_bytes());
        let mut strikes = 0;
        while !*stop.borrow_and_update() {
            match self.hand_on(&mut strikes).await {
                Ok(true) => {}
                Ok(false) => tokio::select! {
                    () = commits.changed() => {}
                    // An error means that nobody can stop us any more: go on until dropped.
                    Ok(()) = stop.changed() => {}
                },
                Err(error) => {
                    tracing::error!(%error, "outcomes of events cannot be told");
                    self.clock.sleep(REST).await;
                }
            }
        }
    }
}
