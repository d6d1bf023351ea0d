use super::error::about;
use super::model::operation::GetBucketNotificationConfiguration;
use super::model::{
    FilterRule, GetBucketNotificationConfigurationRequest, LambdaFunctionConfiguration,
    NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter,
    TopicConfiguration,
};
use super::place::{bucket, bucket_resource};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use objects::Notification;

impl Operation for GetBucketNotificationConfiguration {
    const ACTION: &'static str = "s3:GetBucketNotification";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Bucket", "ExpectedBucketOwner"];

    async fn resources(
        call: &Call,
        input: &GetBucketNotificationConfigurationRequest,
    ) -> Result<Vec<Resource>, ApiError> {
        bucket_resource(call, &input.bucket, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(
        call: Call,
        input: GetBucketNotificationConfigurationRequest,
    ) -> Result<Reply<NotificationConfiguration>, ApiError> {
        let bucket = bucket(&call, &input.bucket)?;
        let found = call.services.objects.get_bucket_notification_configuration(bucket).await;
        let found = found.map_err(about(&input.bucket, None))?;
        let of = |service| found.all().iter().filter(move |one| one.target.service == service);
        let functions: Vec<_> = of("lambda").map(of_function).collect();
        let queues: Vec<_> = of("sqs").map(of_queue).collect();
        let topics: Vec<_> = of("sns").map(of_topic).collect();
        Ok(Reply::new(NotificationConfiguration {
            lambda_function_configurations: Some(functions).filter(|functions| !functions.is_empty()),
            queue_configurations: Some(queues).filter(|queues| !queues.is_empty()),
            topic_configurations: Some(topics).filter(|topics| !topics.is_empty()),
            ..NotificationConfiguration::default()
        }))
    }
}

fn of_function(notification: &Notification) -> LambdaFunctionConfiguration {
    LambdaFunctionConfiguration {
        id: Some(notification.id.clone()),
        lambda_function_arn: notification.target.to_string(),
        events: events(notification),
        filter: filter(notification),
    }
}

fn of_queue(notification: &Notification) -> QueueConfiguration {
    QueueConfiguration {
        id: Some(notification.id.clone()),
        queue_arn: notification.target.to_string(),
        events: events(notification),
        filter: filter(notification),
    }
}

fn of_topic(notification: &Notification) -> TopicConfiguration {
    TopicConfiguration {
        id: Some(notification.id.clone()),
        topic_arn: notification.target.to_string(),
        events: events(notification),
        filter: filter(notification),
    }
}

fn events(notification: &Notification) -> Vec<String> {
    notification.events.iter().map(|event| event.as_str().to_owned()).collect()
}

fn filter(notification: &Notification) -> Option<NotificationConfigurationFilter> {
    let rules: Vec<_> = [("Prefix", &notification.prefix), ("Suffix", &notification.suffix)]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| FilterRule { name: Some(name.to_owned()), value: Some(value.clone()) })
        .collect();
    (!rules.is_empty())
        .then_some(NotificationConfigurationFilter { key: Some(S3KeyFilter { filter_rules: Some(rules) }) })
}
