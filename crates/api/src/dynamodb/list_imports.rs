use super::{import, model, target, transfer};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use tables::{ImportRecord, Transfer, TransferId};

impl Operation for model::operation::ListImports {
    const ACTION: &'static str = "dynamodb:ListImports";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["PageSize", "NextToken", "TableArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let named = input.table_arn.as_deref().map(|arn| target::by_arn(call, arn)).transpose()?;
        Ok(named.map_or_else(|| target::all(&call.account, &call.region), |table| target::resources(&table)))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let named = input.table_arn.as_deref().map(|arn| target::by_arn(&call, arn)).transpose()?;
        let account = named.as_ref().map_or(&call.account, |table| &table.account).clone();
        let start = transfer::start(&account, &call.region, Transfer::Import, input.next_token.as_deref())?;
        let (tables, limit) = (&call.services.tables, transfer::limit(input.page_size));
        let name = named.map(|table| table.name);
        let page = tables.list_imports(account, call.region.clone(), name, start, limit).await?;
        let summary = |(id, record): &(TransferId, ImportRecord)| import::summary(id, record);
        Ok(Reply::new(model::ListImportsOutput {
            import_summary_list: Some(page.found.iter().map(summary).collect()),
            next_token: page.last.as_ref().map(transfer::next_token),
        }))
    }
}
