use super::{model, target, task_handle};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::CancelMessageMoveTask {
    const ACTION: &'static str = "sqs:CancelMessageMoveTask";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["TaskHandle"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(target::of(&task_handle::read(call, &input.task_handle)?.0))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let (source, id) = task_handle::read(&call, &input.task_handle)?;
        let moved = call.services.queues.cancel_move(source, id).await?;
        let approximate_number_of_messages_moved = i64::try_from(moved).ok();
        Ok(Reply::new(model::CancelMessageMoveTaskResult { approximate_number_of_messages_moved }))
    }
}
