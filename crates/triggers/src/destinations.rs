//! Who is told what came of asynchronous invocations: their destinations and dead letter queues
//! (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>).
//!
//! A destination of a further kind is a line in [`Destination`] and one in `hand_on`.

mod hand_on;
mod message;

use crate::Peers;
use crate::role_rights::{InRole, RoleRights};
use crate::told_object;
use ::topics::{TopicId, Topics};
use access::Access;
use clock::Clock;
use functions::{FollowUp, FunctionId, Functions, FunctionsError};
use kv::Kv;
use names::{Arn, FunctionReference};
use objects::{BucketName, Objects};
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
    objects: Objects,
    rights: RoleRights,
}

enum Destination {
    Function,
    Queue(QueueId),
    Topic(TopicId),
    /// Of failures alone.
    Bucket(BucketName),
}

impl Destination {
    fn parse(arn: &str) -> Option<Self> {
        if let Some(queue) = QueueId::parse_arn(arn) {
            return Some(Destination::Queue(queue));
        }
        if let Some(topic) = TopicId::parse_arn(arn) {
            return Some(Destination::Topic(topic));
        }
        if let Some(bucket) = bucket(arn) {
            return Some(Destination::Bucket(bucket));
        }
        let FunctionReference { account, region, .. } = FunctionReference::parse(arn).ok()?;
        (account.is_some() && region.is_some()).then_some(Destination::Function)
    }

    /// What the role must be allowed to do, and with what.
    fn asked(&self, arn: &str, of: &FunctionId) -> Vec<(&'static [&'static str], String)> {
        let action: &'static [&'static str] = match self {
            Destination::Function => &["lambda:InvokeFunction"],
            Destination::Queue(_) => &["sqs:SendMessage"],
            Destination::Topic(_) => &["sns:Publish"],
            Destination::Bucket(bucket) => {
                let folder = Arn::s3(format!("{}/{}", bucket.as_str(), folder(of))).to_string();
                return vec![(&["s3:PutObject"], folder), (&["s3:ListBucket"], arn.to_owned())];
            }
        };
        vec![(action, arn.to_owned())]
    }
}

fn bucket(arn: &str) -> Option<BucketName> {
    let arn = Arn::parse(arn).ok().filter(|arn| *arn == Arn::s3(arn.resource.as_str()))?;
    BucketName::parse(&arn.resource).ok()
}

/// Where a bucket is told of a function's events.
fn folder(of: &FunctionId) -> String {
    format!("aws/lambda/async/{}/", of.name)
}

/// Of what somebody wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Success,
    Failure,
}

impl Destinations {
    pub fn new(kv: Kv, clock: Clock, access: Access, peers: Peers) -> Self {
        let rights = RoleRights::new(clock.clone(), access, &peers);
        let Peers { functions, queues, topics, objects, .. } = peers;
        Destinations { kv, clock, functions, queues, topics, objects, rights }
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
        on: On,
    ) -> Result<Option<String>, FunctionsError> {
        let destination = match Destination::parse(arn) {
            Some(Destination::Queue(queue)) if queue.name.is_fifo() => None,
            Some(Destination::Topic(topic)) if topic.name.is_fifo() => None,
            Some(Destination::Bucket(_)) if on == On::Success => None,
            other => other,
        };
        let Some(destination) = destination else {
            return Ok(Some(format!(
                "The destination ARN {arn} is not supported: destinations can be functions, standard queues and standard topics, and buckets for failures."
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
            Destination::Bucket(bucket) => {
                let found = told_object::has_bucket(&self.objects, bucket, of.account.clone()).await;
                found.is_ok_and(|is_there| !is_there).then_some("bucket of the function's account")
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
            Some(Destination::Function | Destination::Bucket(_)) | None => {
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
        self.refusal(role, of, arn, On::Failure).await
    }

    async fn denied(
        &self,
        role: &str,
        of: &FunctionId,
        arn: &str,
        destination: &Destination,
    ) -> Result<Option<&'static str>, FunctionsError> {
        for (actions, resource) in destination.asked(arn, of) {
            let denied = self.rights.denied(InRole { role, of, resource: &resource, actions }).await?;
            if let Some(action) = denied {
                return Ok(Some(action.split_once(':').map_or(action, |(_, name)| name)));
            }
        }
        Ok(None)
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
