use super::layer::{version_number, version_resources};
use super::model;
use super::target::layer;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::RemoveLayerVersionPermission {
    const ACTION: &'static str = "lambda:RemoveLayerVersionPermission";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["LayerName", "VersionNumber", "StatementId", "RevisionId"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let number = version_number(input.version_number)?;
        Ok(version_resources(&layer(call, &input.layer_name)?, number))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let (id, number) = (layer(&call, &input.layer_name)?, version_number(input.version_number)?);
        let functions = &call.services.functions;
        functions.remove_layer_permission(id, number, input.statement_id, input.revision_id).await?;
        Ok(Reply::new(()))
    }
}
