use super::code_download::location;
use super::configuration::{small, to_wire};
use super::model;
use super::target::target;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetFunction {
    const ACTION: &'static str = "lambda:GetFunction";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName", "Qualifier"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target(call, &input.function_name, input.qualifier.as_deref()).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let target = target(&call, &input.function_name, input.qualifier.as_deref())?;
        let details = call.services.functions.get_function(target.id, target.qualifier).await?;
        let described = &details.described;
        let tags = (!details.tags.is_empty()).then_some(details.tags);
        Ok(Reply::new(model::GetFunctionResponse {
            configuration: Some(to_wire(described)),
            code: Some(match &described.configuration.code.image {
                Some(image) => model::FunctionCodeLocation {
                    repository_type: Some("ECR".to_owned()),
                    image_uri: Some(image.uri.clone()),
                    resolved_image_uri: Some(image.resolved_uri.clone()),
                    ..model::FunctionCodeLocation::default()
                },
                None => model::FunctionCodeLocation {
                    repository_type: Some("S3".to_owned()),
                    location: Some(location(&call, &described.configuration.code)),
                    ..model::FunctionCodeLocation::default()
                },
            }),
            tags,
            concurrency: details
                .reserved_concurrency
                .map(|reserved| model::Concurrency { reserved_concurrent_executions: Some(small(reserved)) }),
            ..model::GetFunctionResponse::default()
        }))
    }
}
