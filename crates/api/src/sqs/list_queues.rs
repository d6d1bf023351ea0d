use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

const CONTEXT: &str = "sqs queues";

impl Operation for model::operation::ListQueues {
    const ACTION: &'static str = "sqs:ListQueues";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["MaxResults", "NextToken", "QueueNamePrefix"];

    async fn resources(call: &Call, _input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(target::all(call))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let most = target::page_size(input.max_results)?;
        let after = after(&call, CONTEXT, input.next_token.as_deref())?;
        let prefix = input.queue_name_prefix.unwrap_or_default();
        let (account, region) = (call.account.clone(), call.region.clone());
        let page = call.services.queues.list_queues(account, region, &prefix, after, most).await?;
        let urls: Vec<String> = page.queues.iter().map(|id| target::url(&call, id)).collect();
        // Without a size there is one page, and no way to a next one.
        let last = page.last.filter(|_| input.max_results.is_some());
        Ok(Reply::new(model::ListQueuesResult {
            queue_urls: (!urls.is_empty()).then_some(urls),
            next_token: last.map(|last| next(&call, CONTEXT, &last)),
        }))
    }
}

pub(super) fn next(call: &Call, context: &str, last: &str) -> String {
    call.services.access.seal_token(context, last.as_bytes())
}

/// # Errors
/// It is not a token of ours.
pub(super) fn after(call: &Call, context: &str, token: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(token) = token else { return Ok(None) };
    let opened = call.services.access.open_token(context, token);
    let name = opened.and_then(|bytes| String::from_utf8(bytes).ok());
    name.map(Some).ok_or_else(|| super::error::value(token, "NextToken", "It is not a token of a listing."))
}
