use super::conditions;
use super::function_url_config::{address, auth, cors, cors_to_wire, invoke_mode};
use super::model;
use super::target::target;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::CreateFunctionUrlConfig {
    const ACTION: &'static str = "lambda:CreateFunctionUrlConfig";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = conditions::OF_URLS;
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] =
        &["FunctionName", "Qualifier", "AuthType", "Cors", "InvokeMode"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target(call, &input.function_name, input.qualifier.as_deref()).map(|target| target.resources())
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        conditions::of_url(call, &input.function_name, input.qualifier.as_deref(), Some(&input.auth_type))
            .await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let target = target(&call, &input.function_name, input.qualifier.as_deref())?;
        let mode = input.invoke_mode.as_deref().map(invoke_mode).transpose()?.unwrap_or_default();
        let (auth, cors) = (auth(&input.auth_type)?, input.cors.map(cors).transpose()?);
        let arn = target.arn().to_string();
        let functions = &call.services.functions;
        let url = functions.create_function_url(target.id, target.qualifier, auth, mode, cors).await?;
        Ok(Reply::new(model::CreateFunctionUrlConfigResponse {
            function_url: address(&call, &url),
            function_arn: arn,
            auth_type: url.auth.as_str().to_owned(),
            cors: url.cors.map(cors_to_wire),
            creation_time: url.created.to_iso8601(),
            invoke_mode: Some(url.invoke_mode.as_str().to_owned()),
        }))
    }
}
