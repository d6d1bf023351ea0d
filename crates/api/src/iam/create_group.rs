use super::group;
use super::model;
use super::resources;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::CreateGroup {
    const ACTION: &'static str = "iam:CreateGroup";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["GroupName", "Path"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        resources::new(call, "group", input.path.as_deref(), &input.group_name)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let made = iam.create_group(call.account, input.group_name, input.path).await?;
        Ok(Reply::new(model::CreateGroupResponse { group: group::shown(&made) }))
    }
}
