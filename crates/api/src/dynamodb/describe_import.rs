use super::{import, model, transfer};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use tables::Transfer;

impl Operation for model::operation::DescribeImport {
    const ACTION: &'static str = "dynamodb:DescribeImport";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["ImportArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        transfer::read(call, Transfer::Import, &input.import_arn).map(|id| transfer::resources(&id))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = transfer::read(&call, Transfer::Import, &input.import_arn)?;
        let found = call.services.tables.describe_import(id).await?;
        Ok(Reply::new(model::DescribeImportOutput { import_table_description: import::described(&found) }))
    }
}
