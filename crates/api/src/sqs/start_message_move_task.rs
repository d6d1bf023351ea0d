use super::{model, target, task_handle};
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::policy::Context;
use queues::{QueueId, StartMove};

/// What moving needs of the queue that messages come from
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html>).
const OF_SOURCE: [&str; 3] = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];

impl Operation for model::operation::StartMessageMoveTask {
    const ACTION: &'static str = "sqs:StartMessageMoveTask";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] =
        &["DestinationArn", "MaxNumberOfMessagesPerSecond", "SourceArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(target::of(&target::by_arn(call, "SourceArn", &input.source_arn)?))
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let source = target::by_arn(call, "SourceArn", &input.source_arn)?;
        let further =
            |action, id: &QueueId| Further { action, resources: target::of(id), conditions: Context::new() };
        let mut all: Vec<Further> = OF_SOURCE.iter().map(|action| further(action, &source)).collect();
        match destination(call, input)? {
            Some(into) => all.push(further("sqs:SendMessage", &into)),
            // Back to where each came from: to all of them the caller must be able to send.
            None => {
                let sources = call.services.queues.list_sources(source, None, SOURCES_MAX).await;
                let sources = sources.map(|page| page.queues).unwrap_or_default();
                all.extend(sources.iter().map(|into| further("sqs:SendMessage", into)));
            }
        }
        Ok(all)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let source = target::by_arn(&call, "SourceArn", &input.source_arn)?;
        let destination = destination(&call, &input)?;
        let rate = target::natural("MaxNumberOfMessagesPerSecond", input.max_number_of_messages_per_second)?;
        let ask = StartMove { source: source.clone(), destination, rate };
        let id = call.services.queues.start_move(ask).await?;
        let task_handle = Some(task_handle::write(&source, &id)?);
        Ok(Reply::new(model::StartMessageMoveTaskResult { task_handle }))
    }
}

const SOURCES_MAX: usize = 1000;

fn destination(call: &Call, input: &model::StartMessageMoveTaskRequest) -> Result<Option<QueueId>, ApiError> {
    let arn = input.destination_arn.as_deref();
    arn.map(|arn| target::by_arn(call, "DestinationArn", arn)).transpose()
}
