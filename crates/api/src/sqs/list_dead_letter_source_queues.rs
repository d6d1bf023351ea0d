use super::{list_queues, model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

const CONTEXT: &str = "sqs dead letter sources";

impl Operation for model::operation::ListDeadLetterSourceQueues {
    const ACTION: &'static str = "sqs:ListDeadLetterSourceQueues";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["MaxResults", "NextToken", "QueueUrl"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.queue_url)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::queue(&call, &input.queue_url)?;
        let most = target::page_size(input.max_results)?;
        let after = list_queues::after(&call, CONTEXT, input.next_token.as_deref())?;
        let page = call.services.queues.list_sources(id, after, most).await?;
        let last = page.last.filter(|_| input.max_results.is_some());
        Ok(Reply::new(model::ListDeadLetterSourceQueuesResult {
            queue_urls: page.queues.iter().map(|id| target::url(&call, id)).collect(),
            next_token: last.map(|last| list_queues::next(&call, CONTEXT, &last)),
        }))
    }
}
