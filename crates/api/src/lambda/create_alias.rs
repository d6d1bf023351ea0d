use super::alias::{to_wire, weights};
use super::model;
use super::target::whole;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use functions::AliasChange;

impl Operation for model::operation::CreateAlias {
    const ACTION: &'static str = "lambda:CreateAlias";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] =
        &["FunctionName", "Name", "FunctionVersion", "Description", "RoutingConfig"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        whole(call, &input.function_name).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = whole(&call, &input.function_name)?.id;
        let change = AliasChange {
            version: Some(input.function_version),
            weights: weights(input.routing_config),
            description: input.description,
            revision_id: None,
        };
        let alias = call.services.functions.create_alias(id.clone(), input.name, change).await?;
        Ok(Reply::new(to_wire(&id, alias)))
    }
}
