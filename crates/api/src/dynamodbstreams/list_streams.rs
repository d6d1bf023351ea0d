use super::{model, target};
use crate::dynamodb::target::table;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use names::{Arn, Service};
use tables::{StreamId, TableId};

/// Streams of a page, at most and by default.
const LIMIT: usize = 100;

impl Operation for model::operation::ListStreams {
    const ACTION: &'static str = "dynamodb:ListStreams";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["ExclusiveStartStreamArn", "Limit", "TableName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let resource = |account, region, name: &str| {
            let arn = Arn::new(Service::Dynamodb, region, account, format!("table/{name}/stream/*"));
            vec![Resource::new(arn)]
        };
        Ok(match &input.table_name {
            None => resource(&call.account, &call.region, "*"),
            Some(name) => {
                let TableId { account, region, name } = table(call, name)?;
                resource(&account, &region, name.as_str())
            }
        })
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let (account, region, name) = match &input.table_name {
            None => (call.account.clone(), call.region.clone(), None),
            Some(name) => {
                let TableId { account, region, name } = table(&call, name)?;
                (account, region, Some(name))
            }
        };
        let start = input.exclusive_start_stream_arn.as_deref();
        let start = start.map(|arn| target::stream(&call, arn)).transpose()?;
        let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIMIT).min(LIMIT);
        let page = call.services.tables.list_streams(account, region, name, start, limit).await?;
        let last = page.streams.last().filter(|_| page.has_more).map(|id| id.arn().to_string());
        Ok(Reply::new(model::ListStreamsOutput {
            streams: Some(page.streams.iter().map(listed).collect()),
            last_evaluated_stream_arn: last,
        }))
    }
}

fn listed(id: &StreamId) -> model::Stream {
    model::Stream {
        stream_arn: Some(id.arn().to_string()),
        table_name: Some(id.table.name.to_string()),
        stream_label: Some(id.label.clone()),
    }
}
