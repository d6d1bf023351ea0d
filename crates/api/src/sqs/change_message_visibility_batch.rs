use super::{batch, model, receipt, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use model::{ChangeMessageVisibilityBatchRequestEntry, ChangeMessageVisibilityBatchResultEntry};
use queues::{QueuesError, Receipt};

impl Operation for model::operation::ChangeMessageVisibilityBatch {
    const ACTION: &'static str = "sqs:ChangeMessageVisibility";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["Entries", "QueueUrl"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.queue_url)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::queue(&call, &input.queue_url)?;
        batch::check("ChangeMessageVisibilityBatch", input.entries.iter().map(|entry| entry.id.as_str()))?;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        let (mut ids, mut changes) = (Vec::new(), Vec::new());
        for entry in input.entries {
            match read(&call, &entry) {
                Ok(change) => {
                    ids.push(entry.id);
                    changes.push(change);
                }
                Err(error) => failed.push(batch::failed(entry.id, error)),
            }
        }
        let answers = call.services.queues.change_visibility_all(&id, changes).await?;
        for (id, answer) in ids.into_iter().zip(answers) {
            match answer {
                Ok(()) => successful.push(ChangeMessageVisibilityBatchResultEntry { id }),
                Err(error) => failed.push(batch::failed(id, error.into())),
            }
        }
        Ok(Reply::new(model::ChangeMessageVisibilityBatchResult { successful, failed }))
    }
}

fn read(call: &Call, entry: &ChangeMessageVisibilityBatchRequestEntry) -> Result<(Receipt, u32), ApiError> {
    let seconds = target::natural("VisibilityTimeout", entry.visibility_timeout)?;
    let seconds = seconds.ok_or(QueuesError::MissingParameter("VisibilityTimeout"))?;
    Ok((receipt::read(call, &entry.receipt_handle)?, seconds))
}
