use super::{model, receipt, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ChangeMessageVisibility {
    const ACTION: &'static str = "sqs:ChangeMessageVisibility";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["QueueUrl", "ReceiptHandle", "VisibilityTimeout"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.queue_url)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::queue(&call, &input.queue_url)?;
        let receipt = receipt::read(&call, &input.receipt_handle)?;
        let seconds =
            target::natural("VisibilityTimeout", Some(input.visibility_timeout))?.unwrap_or_default();
        call.services.queues.change_visibility(&id, receipt, seconds).await?;
        Ok(Reply::new(()))
    }
}
