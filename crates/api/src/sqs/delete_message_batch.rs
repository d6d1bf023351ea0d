use super::{batch, model, receipt, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use model::DeleteMessageBatchResultEntry;

impl Operation for model::operation::DeleteMessageBatch {
    const ACTION: &'static str = "sqs:DeleteMessage";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["Entries", "QueueUrl"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.queue_url)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::queue(&call, &input.queue_url)?;
        batch::check("DeleteMessageBatch", input.entries.iter().map(|entry| entry.id.as_str()))?;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        let (mut ids, mut receipts) = (Vec::new(), Vec::new());
        for entry in input.entries {
            match receipt::read(&call, &entry.receipt_handle) {
                Ok(receipt) => {
                    ids.push(entry.id);
                    receipts.push(receipt);
                }
                Err(error) => failed.push(batch::failed(entry.id, error)),
            }
        }
        let answers = call.services.queues.delete_all(&id, receipts).await?;
        for (id, answer) in ids.into_iter().zip(answers) {
            match answer {
                Ok(()) => successful.push(DeleteMessageBatchResultEntry { id }),
                Err(error) => failed.push(batch::failed(id, error.into())),
            }
        }
        Ok(Reply::new(model::DeleteMessageBatchResult { successful, failed }))
    }
}
