use super::error::{about, argument};
use super::model::operation::PutBucketNotificationConfiguration;
use super::model::{
    FilterRule, LambdaFunctionConfiguration, NotificationConfiguration, NotificationConfigurationFilter,
    PutBucketNotificationConfigurationRequest, QueueConfiguration, TopicConfiguration,
};
use super::place::{bucket, bucket_resource};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::PolicyDocument;
use functions::{FunctionId, FunctionsError, Use};
use names::{Arn, FunctionReference};
use objects::{EventPattern, Notification};
use queues::{Outgoing, QueueId, QueuesError};
use serde_json::json;
use std::collections::BTreeMap;
use topics::{TopicId, TopicsError};

impl Operation for PutBucketNotificationConfiguration {
    const ACTION: &'static str = "s3:PutBucketNotification";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] =
        &["Bucket", "NotificationConfiguration", "ExpectedBucketOwner", "SkipDestinationValidation"];

    async fn resources(
        call: &Call,
        input: &PutBucketNotificationConfigurationRequest,
    ) -> Result<Vec<Resource>, ApiError> {
        bucket_resource(call, &input.bucket, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(
        call: Call,
        input: PutBucketNotificationConfigurationRequest,
    ) -> Result<Reply<()>, ApiError> {
        let bucket = bucket(&call, &input.bucket)?;
        let configuration = input.notification_configuration;
        refuse_other_destinations(&configuration)?;
        let functions = configuration.lambda_function_configurations.unwrap_or_default();
        let queues = configuration.queue_configurations.unwrap_or_default();
        let topics = configuration.topic_configurations.unwrap_or_default();
        let all = functions.into_iter().map(Given::from).chain(queues.into_iter().map(Given::from));
        let all = all.chain(topics.into_iter().map(Given::from));
        let all: Vec<_> = all.map(|given| notification(&call, given)).collect::<Result<_, _>>()?;
        let notifications = objects::NotificationConfiguration::new(all)?;
        // That there is such a bucket comes before what is wrong with the destinations.
        call.services.objects.head_bucket(bucket.clone()).await.map_err(about(&input.bucket, None))?;
        if input.skip_destination_validation != Some(true) {
            for notification in notifications.all() {
                validate(&call, &input.bucket, &notification.target).await?;
            }
        }
        let queues = notifications.all().iter().filter_map(|one| QueueId::of_arn(&one.target));
        let queues: BTreeMap<_, _> = queues.map(|queue| (queue.arn().to_string(), queue)).collect();
        let topics = notifications.all().iter().filter_map(|one| TopicId::of_arn(&one.target));
        let topics: BTreeMap<_, _> = topics.map(|topic| (topic.arn().to_string(), topic)).collect();
        let put = call.services.objects.put_bucket_notification_configuration(bucket, notifications).await;
        put.map_err(about(&input.bucket, None))?;
        if input.skip_destination_validation != Some(true) {
            for (_, queue) in queues {
                test(&call, &input.bucket, &queue).await?;
            }
            for (_, topic) in topics {
                test_topic(&call, &input.bucket, &topic).await?;
            }
        }
        Ok(Reply::new(()))
    }
}

fn refuse_other_destinations(configuration: &NotificationConfiguration) -> Result<(), ApiError> {
    match configuration.event_bridge_configuration {
        Some(_) => Err(ApiError::unsupported("EventBridgeConfiguration", "there is no event bus here yet")),
        None => Ok(()),
    }
}

/// Tells the queue that it will be notified
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>).
async fn test(call: &Call, bucket: &str, queue: &QueueId) -> Result<(), ApiError> {
    let message = Outgoing {
        body: test_event(call, bucket),
        sender: "s3.amazonaws.com".to_owned(),
        ..Outgoing::default()
    };
    match call.services.queues.send(queue, message).await {
        // It went away meanwhile.
        Ok(_) | Err(QueuesError::NoSuchQueue) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// As for queues.
async fn test_topic(call: &Call, bucket: &str, topic: &TopicId) -> Result<(), ApiError> {
    let subject = Some("Amazon S3 Notification".to_owned());
    let message = topics::Outgoing { body: test_event(call, bucket), subject, ..topics::Outgoing::default() };
    match call.services.topics.publish(topic, message).await {
        // It went away meanwhile.
        Ok(_) | Err(TopicsError::NoSuchTopic) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn test_event(call: &Call, bucket: &str) -> String {
    let body = json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": call.now.to_iso8601(),
        "Bucket": bucket,
        "RequestId": call.request_id,
        "HostId": call.host,
    });
    body.to_string()
}

/// A notification of either kind, as a request has it.
struct Given {
    id: Option<String>,
    member: &'static str,
    service: &'static str,
    arn: String,
    events: Vec<String>,
    filter: Option<NotificationConfigurationFilter>,
}

impl From<LambdaFunctionConfiguration> for Given {
    fn from(given: LambdaFunctionConfiguration) -> Self {
        let LambdaFunctionConfiguration { id, lambda_function_arn: arn, events, filter } = given;
        Given { id, member: "LambdaFunctionArn", service: "lambda", arn, events, filter }
    }
}

impl From<QueueConfiguration> for Given {
    fn from(given: QueueConfiguration) -> Self {
        let QueueConfiguration { id, queue_arn: arn, events, filter } = given;
        Given { id, member: "QueueArn", service: "sqs", arn, events, filter }
    }
}

impl From<TopicConfiguration> for Given {
    fn from(given: TopicConfiguration) -> Self {
        let TopicConfiguration { id, topic_arn: arn, events, filter } = given;
        Given { id, member: "TopicArn", service: "sns", arn, events, filter }
    }
}

fn notification(call: &Call, given: Given) -> Result<Notification, ApiError> {
    let (prefix, suffix) = filters(given.filter)?;
    let arn = &given.arn;
    let target = Arn::parse(arn).ok().filter(|arn| arn.service == given.service);
    let target = target.ok_or_else(|| argument(given.member, arn, "The ARN is not well formed"))?;
    Ok(Notification {
        id: given.id.filter(|id| !id.is_empty()).unwrap_or_else(|| call.services.clock.uuid()),
        target,
        events: given.events.iter().map(|event| pattern(event)).collect::<Result<_, _>>()?,
        prefix,
        suffix,
    })
}

fn pattern(event: &str) -> Result<EventPattern, ApiError> {
    EventPattern::parse(event).ok_or_else(|| {
        let known: Vec<_> = EventPattern::ALL.iter().map(|pattern| pattern.as_str()).collect();
        let message =
            format!("The event '{event}' is not supported for notifications; known are {}", known.join(", "));
        argument("Event", event, &message)
    })
}

/// The prefix and the suffix that a key must have.
fn filters(filter: Option<NotificationConfigurationFilter>) -> Result<(String, String), ApiError> {
    let rules = filter.and_then(|filter| filter.key).and_then(|key| key.filter_rules).unwrap_or_default();
    let (mut prefix, mut suffix) = (None, None);
    for FilterRule { name, value } in rules {
        let name = name.unwrap_or_default();
        let place = match name.to_ascii_lowercase().as_str() {
            "prefix" => &mut prefix,
            "suffix" => &mut suffix,
            _ => {
                return Err(argument(
                    "FilterRule.Name",
                    &name,
                    "filter rule name must be either prefix or suffix",
                ));
            }
        };
        if place.is_some() {
            let message = "Cannot specify more than one prefix rule or suffix rule in a filter.";
            return Err(argument("FilterRule.Name", &name, message));
        }
        *place = Some(value.unwrap_or_default());
    }
    Ok((prefix.unwrap_or_default(), suffix.unwrap_or_default()))
}

/// The function, queue or topic exists, and its policy lets S3 invoke it, or send to it, for this bucket.
async fn validate(call: &Call, bucket: &str, target: &Arn) -> Result<(), ApiError> {
    let arn = target.to_string();
    let refused = |why: &str| {
        let message = "Unable to validate the following destination configurations";
        ApiError::invalid("InvalidArgument", message)
            .field("ArgumentName1", &arn)
            .field("ArgumentValue1", why)
    };
    if target.service == "sqs" {
        let queue = QueueId::of_arn(target).ok_or_else(|| refused("The ARN is not that of a queue"))?;
        if queue.name.is_fifo() {
            return Err(refused("FIFO queues cannot be notified"));
        }
        let policy = call.services.queues.resource_policy(&queue).await.map_err(ApiError::internal)?;
        let may = |policy: &PolicyDocument| {
            triggers::bucket_may_send(policy, &queue, &Arn::s3(bucket), &call.account)
        };
        return match policy.as_deref().is_some_and(may) {
            true => Ok(()),
            false => Err(refused(
                "Permissions on the destination queue do not allow S3 to publish notifications \
                                  from this bucket, or there is no such queue",
            )),
        };
    }
    if target.service == "sns" {
        let topic = TopicId::of_arn(target).ok_or_else(|| refused("The ARN is not that of a topic"))?;
        if topic.name.is_fifo() {
            return Err(refused("FIFO topics cannot be notified"));
        }
        let policy = call.services.topics.resource_policy(&topic).await.map_err(ApiError::internal)?;
        let may = |policy: &PolicyDocument| {
            triggers::bucket_may_publish(policy, &topic, &Arn::s3(bucket), &call.account)
        };
        return match policy.as_deref().is_some_and(may) {
            true => Ok(()),
            false => Err(refused(
                "Permissions on the destination topic do not allow S3 to publish notifications from this bucket, \
                 or there is no such topic",
            )),
        };
    }
    let reference = FunctionReference::parse(&arn).map_err(|error| refused(&error.0))?;
    let (Some(account), Some(region)) = (reference.account, reference.region) else {
        return Err(refused("The ARN is not that of a function"));
    };
    let id = FunctionId { account, region, name: reference.name };
    let policy = match call.services.functions.get_policy(id, reference.qualifier).await {
        Ok(policy) => policy,
        Err(FunctionsError::NotFound(_)) => {
            return Err(refused("Not authorized to invoke function, or there is no such function"));
        }
        Err(error) => return Err(ApiError::internal(error)),
    };
    let source = Arn::s3(bucket).to_string();
    let wanted = Use {
        action: "InvokeFunction",
        service: Some("s3.amazonaws.com"),
        source_arn: Some(&source),
        source_account: Some(&call.account),
        function_url_auth_type: None,
    };
    if policy.allows(target, &wanted) { Ok(()) } else { Err(refused("Not authorized to invoke function")) }
}
