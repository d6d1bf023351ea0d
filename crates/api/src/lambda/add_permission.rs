use super::model;
use super::target::target;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;
use functions::Statement;

impl Operation for model::operation::AddPermission {
    const ACTION: &'static str = "lambda:AddPermission";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &["lambda:Principal", "lambda:FunctionUrlAuthType"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "FunctionName",
        "StatementId",
        "Action",
        "Principal",
        "SourceArn",
        "SourceAccount",
        "FunctionUrlAuthType",
        "InvokedViaFunctionUrl",
        "Qualifier",
        "RevisionId",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target(call, &input.function_name, input.qualifier.as_deref()).map(|target| target.resources())
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let mut context = Context::new();
        context.set("lambda:Principal", &input.principal);
        context.set_all("lambda:FunctionUrlAuthType", input.function_url_auth_type.as_ref());
        Ok(context)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let target = target(&call, &input.function_name, input.qualifier.as_deref())?;
        let statement = Statement {
            sid: input.statement_id,
            action: input.action,
            principal: input.principal,
            source_arn: input.source_arn,
            source_account: input.source_account,
            function_url_auth_type: input.function_url_auth_type,
            invoked_via_function_url: input.invoked_via_function_url,
        };
        let functions = &call.services.functions;
        let statement =
            functions.add_permission(target.id, target.qualifier, statement, input.revision_id).await?;
        Ok(Reply::new(model::AddPermissionResponse { statement: Some(statement) }))
    }
}
