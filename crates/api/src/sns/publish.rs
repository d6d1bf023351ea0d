use super::message;
use super::{model, target};
use crate::trace;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use topics::{Outgoing, TopicId, TopicsError};

impl Operation for model::operation::Publish {
    const ACTION: &'static str = "sns:Publish";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const BODY_MAX: usize = message::BODY_BYTES_MAX;
    const HONOURED: &'static [&'static str] = &[
        "Message",
        "MessageAttributes",
        "MessageDeduplicationId",
        "MessageGroupId",
        "MessageStructure",
        "Subject",
        "TargetArn",
        "TopicArn",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(vec![Resource::new(topic(call, input)?.arn())])
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = topic(&call, &input)?;
        let message = Outgoing {
            body: input.message,
            subject: input.subject,
            structure: input.message_structure,
            attributes: message::attributes(input.message_attributes)?,
            group: input.message_group_id,
            deduplication: input.message_deduplication_id,
            trace: trace::of_function(&call.principal, &call.headers),
        };
        let published = call.services.topics.publish(&id, message).await?;
        Ok(Reply::new(model::PublishResponse {
            message_id: Some(published.id),
            sequence_number: published.sequence_number,
        }))
    }
}

/// Whichever names it; telephones and mobile applications are nobody's here.
fn topic(call: &Call, input: &model::PublishInput) -> Result<TopicId, ApiError> {
    match (&input.topic_arn, &input.target_arn) {
        (Some(topic), None) => target::topic(call, topic),
        (None, Some(target)) if TopicId::parse_arn(target).is_none() => {
            Err(ApiError::unsupported("TargetArn", "only topics are published to"))
        }
        (None, Some(target)) => target::topic(call, target),
        (Some(_), Some(_)) => {
            let what = "TopicArn or TargetArn Reason: no more than one of them may be given";
            Err(TopicsError::InvalidParameter(what.to_owned()).into())
        }
        (None, None) => {
            let what = "TopicArn or TargetArn Reason: no value for required parameter";
            Err(TopicsError::InvalidParameter(what.to_owned()).into())
        }
    }
}
