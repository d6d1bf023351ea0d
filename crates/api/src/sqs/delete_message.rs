use super::{model, receipt, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::DeleteMessage {
    const ACTION: &'static str = "sqs:DeleteMessage";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["QueueUrl", "ReceiptHandle"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.queue_url)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::queue(&call, &input.queue_url)?;
        let receipt = receipt::read(&call, &input.receipt_handle)?;
        call.services.queues.delete(&id, receipt).await?;
        Ok(Reply::new(()))
    }
}
