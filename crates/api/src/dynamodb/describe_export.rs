use super::{export, model, transfer};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use tables::Transfer;

impl Operation for model::operation::DescribeExport {
    const ACTION: &'static str = "dynamodb:DescribeExport";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["ExportArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        transfer::read(call, Transfer::Export, &input.export_arn).map(|id| transfer::resources(&id))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = transfer::read(&call, Transfer::Export, &input.export_arn)?;
        let found = call.services.tables.describe_export(id).await?;
        Ok(Reply::new(model::DescribeExportOutput { export_description: Some(export::described(&found)) }))
    }
}
