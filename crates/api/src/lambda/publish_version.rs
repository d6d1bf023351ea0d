use super::configuration::to_wire;
use super::model;
use super::target::whole;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::PublishVersion {
    const ACTION: &'static str = "lambda:PublishVersion";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName", "CodeSha256", "Description", "RevisionId"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        whole(call, &input.function_name).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = whole(&call, &input.function_name)?.id;
        let described = call
            .services
            .functions
            .publish_version(id, input.description, input.code_sha256, input.revision_id)
            .await?;
        Ok(Reply::new(to_wire(&described)))
    }
}
