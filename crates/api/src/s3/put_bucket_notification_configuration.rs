use super::error::{about, argument};
use super::model::operation::PutBucketNotificationConfiguration;
use super::model::{
    FilterRule, LambdaFunctionConfiguration, NotificationConfiguration, NotificationConfigurationFilter,
    PutBucketNotificationConfigurationRequest,
};
use super::place::{bucket, bucket_resource};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use functions::{FunctionId, FunctionsError, Use};
use names::{Arn, FunctionReference};
use objects::{EventPattern, FunctionNotification};

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
        let functions: Vec<_> =
            functions.into_iter().map(|one| notification(&call, one)).collect::<Result<_, _>>()?;
        let notifications = objects::NotificationConfiguration::new(functions)?;
        // That there is such a bucket comes before what is wrong with the destinations.
        call.services.objects.head_bucket(bucket.clone()).await.map_err(about(&input.bucket, None))?;
        if input.skip_destination_validation != Some(true) {
            for notification in notifications.functions() {
                validate(&call, &input.bucket, &notification.function).await?;
            }
        }
        let put = call.services.objects.put_bucket_notification_configuration(bucket, notifications).await;
        put.map_err(about(&input.bucket, None))?;
        Ok(Reply::new(()))
    }
}

fn refuse_other_destinations(configuration: &NotificationConfiguration) -> Result<(), ApiError> {
    let some = |present: bool, name: &str, service: &str| match present {
        true => Err(ApiError::unsupported(name, format!("there is no {service} here yet"))),
        false => Ok(()),
    };
    let queues = configuration.queue_configurations.as_ref().is_some_and(|list| !list.is_empty());
    let topics = configuration.topic_configurations.as_ref().is_some_and(|list| !list.is_empty());
    some(queues, "QueueConfiguration", "queue service")?;
    some(topics, "TopicConfiguration", "topic service")?;
    some(configuration.event_bridge_configuration.is_some(), "EventBridgeConfiguration", "event bus")
}

fn notification(call: &Call, given: LambdaFunctionConfiguration) -> Result<FunctionNotification, ApiError> {
    let (prefix, suffix) = filters(given.filter)?;
    let arn = &given.lambda_function_arn;
    let function = Arn::parse(arn).ok().filter(|arn| arn.service == "lambda");
    let function =
        function.ok_or_else(|| argument("LambdaFunctionArn", arn, "The ARN is not well formed"))?;
    Ok(FunctionNotification {
        id: given.id.filter(|id| !id.is_empty()).unwrap_or_else(|| call.services.clock.uuid()),
        function,
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

/// The function exists, and its policy lets S3 invoke it for this bucket.
async fn validate(call: &Call, bucket: &str, function: &Arn) -> Result<(), ApiError> {
    let arn = function.to_string();
    let refused = |why: &str| {
        let message = "Unable to validate the following destination configurations";
        ApiError::invalid("InvalidArgument", message)
            .field("ArgumentName1", &arn)
            .field("ArgumentValue1", why)
    };
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
    if policy.allows(function, &wanted) { Ok(()) } else { Err(refused("Not authorized to invoke function")) }
}
