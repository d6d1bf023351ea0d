use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use queues::QueuesError;

/// Those that are told only where the queue has them.
const SOMETIMES: [&str; 10] = [
    "All",
    "Policy",
    "RedrivePolicy",
    "RedriveAllowPolicy",
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
];

impl Operation for model::operation::GetQueueAttributes {
    const ACTION: &'static str = "sqs:GetQueueAttributes";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["AttributeNames", "QueueUrl"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.queue_url)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::queue(&call, &input.queue_url)?;
        let mut attributes = call.services.queues.queue_info(id).await?.attributes();
        let names = input.attribute_names.unwrap_or_default();
        let unknown = |name: &&String| !attributes.contains_key(*name) && !SOMETIMES.contains(&name.as_str());
        if let Some(unknown) = names.iter().find(unknown) {
            return Err(QueuesError::UnknownAttribute(unknown.clone()).into());
        }
        if !names.iter().any(|name| name == "All") {
            attributes.retain(|name, _| names.contains(name));
        }
        let attributes = (!attributes.is_empty()).then_some(attributes);
        Ok(Reply::new(model::GetQueueAttributesResult { attributes }))
    }
}
