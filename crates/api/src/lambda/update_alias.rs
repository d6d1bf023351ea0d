use super::alias::{to_wire, weights};
use super::model;
use super::target::target;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use functions::AliasChange;

impl Operation for model::operation::UpdateAlias {
    const ACTION: &'static str = "lambda:UpdateAlias";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] =
        &["FunctionName", "Name", "FunctionVersion", "Description", "RoutingConfig", "RevisionId"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target(call, &input.function_name, Some(&input.name)).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target(&call, &input.function_name, Some(&input.name))?.id;
        let change = AliasChange {
            version: input.function_version,
            weights: weights(input.routing_config),
            description: input.description,
            revision_id: input.revision_id,
        };
        let alias = call.services.functions.update_alias(id.clone(), input.name, change).await?;
        Ok(Reply::new(to_wire(&id, alias)))
    }
}
