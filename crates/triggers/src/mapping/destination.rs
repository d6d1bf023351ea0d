//! Who may be told of records that a function could not deal with
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>).
//!
//! A further kind is a line in each function here.

use super::error::invalid;
use super::{Mapping, MappingError, Mappings};
use crate::told_object;
use ::topics::{TopicId, TopicsError};
use names::Arn;
use objects::{BucketName, ObjectsError};
use queues::{Outgoing, QueueId, QueuesError};
use serde_json::{Value, json};

/// As receivers are told who sent it.
const SENDER: &str = "lambda.amazonaws.com";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    Queue(QueueId),
    Topic(TopicId),
    Bucket(BucketName),
}

/// Records that were given up.
pub(super) struct Discarded {
    /// Who, where and why.
    pub told: Value,
    /// What the function was handed: JSON.
    pub payload: String,
    /// As the source calls the shard.
    pub shard_id: String,
}

impl Destination {
    pub fn parse(arn: &str) -> Option<Destination> {
        if let Some(queue) = QueueId::parse_arn(arn) {
            return Some(Destination::Queue(queue));
        }
        if let Some(topic) = TopicId::parse_arn(arn) {
            return Some(Destination::Topic(topic));
        }
        let bucket = Arn::parse(arn).ok().filter(|arn| *arn == Arn::s3(arn.resource.as_str()))?;
        BucketName::parse(&bucket.resource).ok().map(Destination::Bucket)
    }

    /// What the function's role must be allowed, and of what.
    fn asked(&self, mapping: &Mapping) -> Vec<(&'static [&'static str], String)> {
        match self {
            Destination::Queue(queue) => vec![(&["sqs:SendMessage"], queue.arn().to_string())],
            Destination::Topic(topic) => vec![(&["sns:Publish"], topic.arn().to_string())],
            Destination::Bucket(bucket) => {
                let folder = Arn::s3(format!("{}/{}", bucket.as_str(), folder(mapping))).to_string();
                vec![(&["s3:PutObject"], folder), (&["s3:ListBucket"], Arn::s3(bucket.as_str()).to_string())]
            }
        }
    }
}

impl Mappings {
    /// That it is there, belongs to the function's account, and that the role may write there.
    ///
    /// # Errors
    /// `Invalid` where it is not so.
    pub(super) async fn check_destination(&self, mapping: &Mapping, to: &str) -> Result<(), MappingError> {
        let Some((own, _)) = mapping.function() else { return invalid("There is no such function.") };
        let unfit = || {
            MappingError::Invalid(format!(
                "The destination ARN {to} is invalid: records that are given up are told to standard queues and \
                 topics, and buckets, of the function's account."
            ))
        };
        let destination = Destination::parse(to).ok_or_else(unfit)?;
        let is_fit = match &destination {
            Destination::Queue(queue) => !queue.name.is_fifo() && queue.account == own.account,
            Destination::Topic(topic) => !topic.name.is_fifo() && topic.account == own.account,
            Destination::Bucket(_) => true,
        };
        if !is_fit {
            return Err(unfit());
        }
        if let Some(why) = self.may_not_tell(mapping, &destination).await? {
            return invalid(why);
        }
        match destination {
            Destination::Queue(queue) => match self.0.queues.queue_info(queue).await {
                Ok(_) => Ok(()),
                Err(QueuesError::NoSuchQueue) => {
                    invalid(format!("The destination ARN {to} is invalid: there is no such queue."))
                }
                Err(error) => Err(error.into()),
            },
            Destination::Topic(topic) => match self.0.topics.is_there(&topic).await {
                Ok(true) => Ok(()),
                Ok(false) => invalid(format!("The destination ARN {to} is invalid: there is no such topic.")),
                Err(error) => Err(error.into()),
            },
            Destination::Bucket(name) => {
                match told_object::has_bucket(&self.0.objects, name, own.account).await? {
                    true => Ok(()),
                    false => invalid(format!(
                        "The destination ARN {to} is invalid: the function's account has no such bucket."
                    )),
                }
            }
        }
    }

    /// Why the function's role may not write there; `None` where it may.
    ///
    /// # Errors
    /// The function is not there; the store fails.
    async fn may_not_tell(
        &self,
        mapping: &Mapping,
        to: &Destination,
    ) -> Result<Option<String>, MappingError> {
        for (actions, resource) in to.asked(mapping) {
            if let Some((action, role)) = self.denied(mapping, &resource, actions).await? {
                let (service, name) = action.split_once(':').unwrap_or(("", action));
                return Ok(Some(format!(
                    "The function execution role does not have permissions to call {name} on {}, the destination. \
                     (The role {role} may not do so with {resource}.)",
                    service.to_uppercase()
                )));
            }
        }
        Ok(None)
    }

    /// Whoever does not want to be told, or may not, is not told; that is logged.
    ///
    /// # Errors
    /// The store fails.
    pub(super) async fn tell_discarded(
        &self,
        mapping: &Mapping,
        to: &str,
        discarded: Discarded,
    ) -> Result<(), MappingError> {
        let Some(destination) = Destination::parse(to) else { return Ok(()) };
        let why = match self.may_not_tell(mapping, &destination).await? {
            Some(why) => why,
            None => match destination {
                Destination::Queue(queue) => match self.send(&queue, &discarded).await {
                    Ok(()) => return Ok(()),
                    Err(QueuesError::Store(error)) => return Err(error.into()),
                    Err(error) => error.to_string(),
                },
                Destination::Topic(topic) => match self.publish(&topic, &discarded).await {
                    Ok(()) => return Ok(()),
                    Err(TopicsError::Store(error)) => return Err(error.into()),
                    Err(error) => error.to_string(),
                },
                Destination::Bucket(bucket) => match self.write(mapping, bucket, discarded).await {
                    Ok(()) => return Ok(()),
                    Err(
                        error @ (ObjectsError::Store(_) | ObjectsError::Blob(_) | ObjectsError::SlowDown),
                    ) => return Err(error.into()),
                    Err(error) => error.to_string(),
                },
            },
        };
        tracing::warn!(mapping = mapping.uuid, why, "nobody is told of records that were given up");
        Ok(())
    }

    async fn send(&self, queue: &QueueId, discarded: &Discarded) -> Result<(), QueuesError> {
        let message =
            Outgoing { body: discarded.told.to_string(), sender: SENDER.to_owned(), ..Outgoing::default() };
        self.0.queues.send(queue, message).await.map(drop)
    }

    async fn publish(&self, topic: &TopicId, discarded: &Discarded) -> Result<(), TopicsError> {
        let message =
            ::topics::Outgoing { body: discarded.told.to_string(), ..::topics::Outgoing::default() };
        self.0.topics.publish(topic, message).await.map(drop)
    }

    /// Objects tell of what the function was handed, too.
    async fn write(
        &self,
        mapping: &Mapping,
        bucket: BucketName,
        discarded: Discarded,
    ) -> Result<(), ObjectsError> {
        let Some((own, _)) = mapping.function() else { return Ok(()) };
        let Discarded { mut told, payload, shard_id } = discarded;
        if let Some(told) = told.as_object_mut() {
            told.insert("payload".to_owned(), json!(payload));
        }
        let folder = format!("{}{shard_id}/", folder(mapping));
        let bucket = (bucket, own.account);
        told_object::write(&self.0.objects, &self.0.clock, bucket, &folder, told.to_string()).await
    }
}

/// Each shard has a folder in it.
fn folder(mapping: &Mapping) -> String {
    format!("aws/lambda/{}/", mapping.uuid)
}
