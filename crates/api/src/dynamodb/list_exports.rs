use super::{export, model, target, transfer};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use tables::{ExportRecord, Transfer, TransferId};

impl Operation for model::operation::ListExports {
    const ACTION: &'static str = "dynamodb:ListExports";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["MaxResults", "NextToken", "TableArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let named = input.table_arn.as_deref().map(|arn| target::by_arn(call, arn)).transpose()?;
        Ok(named.map_or_else(|| target::all(&call.account, &call.region), |table| target::resources(&table)))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let named = input.table_arn.as_deref().map(|arn| target::by_arn(&call, arn)).transpose()?;
        let account = named.as_ref().map_or(&call.account, |table| &table.account).clone();
        let start = transfer::start(&account, &call.region, Transfer::Export, input.next_token.as_deref())?;
        let (tables, limit) = (&call.services.tables, transfer::limit(input.max_results));
        let name = named.map(|table| table.name);
        let page = tables.list_exports(account, call.region.clone(), name, start, limit).await?;
        let summary = |(id, record): &(TransferId, ExportRecord)| model::ExportSummary {
            export_arn: Some(id.arn().to_string()),
            export_status: Some(export::status(record).to_owned()),
            export_type: Some(export::kind(record).to_owned()),
        };
        Ok(Reply::new(model::ListExportsOutput {
            export_summaries: Some(page.found.iter().map(summary).collect()),
            next_token: page.last.as_ref().map(transfer::next_token),
        }))
    }
}
