use super::layer::{version_number, version_resources};
use super::model;
use super::target::layer;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use functions::Statement;

impl Operation for model::operation::AddLayerVersionPermission {
    const ACTION: &'static str = "lambda:AddLayerVersionPermission";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] =
        &["LayerName", "VersionNumber", "StatementId", "Action", "Principal", "RevisionId"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let number = version_number(input.version_number)?;
        Ok(version_resources(&layer(call, &input.layer_name)?, number))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let (id, number) = (layer(&call, &input.layer_name)?, version_number(input.version_number)?);
        let statement = Statement {
            sid: input.statement_id,
            action: input.action,
            principal: input.principal,
            source_arn: None,
            source_account: None,
            function_url_auth_type: None,
            invoked_via_function_url: None,
        };
        let functions = &call.services.functions;
        let (statement, revision_id) =
            functions.add_layer_permission(id, number, statement, input.revision_id).await?;
        Ok(Reply::new(model::AddLayerVersionPermissionResponse {
            statement: Some(statement),
            revision_id: Some(revision_id),
        }))
    }
}
