use super::error::value;
use super::{model, target, task_handle};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use queues::{MoveRecord, MoveState, QueueId};

/// Tasks of one answer.
const MOST: i32 = 10;

impl Operation for model::operation::ListMessageMoveTasks {
    const ACTION: &'static str = "sqs:ListMessageMoveTasks";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["MaxResults", "SourceArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(target::of(&target::by_arn(call, "SourceArn", &input.source_arn)?))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let source = target::by_arn(&call, "SourceArn", &input.source_arn)?;
        let most = input.max_results.unwrap_or(1);
        if !(1..=MOST).contains(&most) {
            return Err(value(most, "MaxResults", "Must be an integer from 1 to 10."));
        }
        let tasks = call.services.queues.list_moves(source.clone(), most as usize).await?;
        let results: Result<Vec<_>, ApiError> = tasks.into_iter().map(|task| shown(&source, task)).collect();
        Ok(Reply::new(model::ListMessageMoveTasksResult { results: Some(results?) }))
    }
}

fn shown(source: &QueueId, task: MoveRecord) -> Result<model::ListMessageMoveTasksResultEntry, ApiError> {
    // Only one that runs can be cancelled, and only then there is something to do it by.
    let task_handle = match task.state {
        MoveState::Running => Some(task_handle::write(source, &task.id)?),
        _ => None,
    };
    Ok(model::ListMessageMoveTasksResultEntry {
        task_handle,
        status: Some(task.state.as_str().to_owned()),
        source_arn: Some(source.arn().to_string()),
        destination_arn: task.destination,
        max_number_of_messages_per_second: task.rate.and_then(|rate| i32::try_from(rate).ok()),
        approximate_number_of_messages_moved: i64::try_from(task.moved).ok(),
        approximate_number_of_messages_to_move: i64::try_from(task.to_move).ok(),
        failure_reason: task.failure,
        started_timestamp: i64::try_from(task.began).ok(),
    })
}
