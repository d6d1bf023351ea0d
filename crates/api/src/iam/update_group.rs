use super::model;
use super::resources;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Group;

impl Operation for model::operation::UpdateGroup {
    const ACTION: &'static str = "iam:UpdateGroup";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["GroupName", "NewPath", "NewGroupName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let mut both = holder::<Group>(call, &input.group_name).await?;
        if let Some(name) = &input.new_group_name {
            both.extend(resources::new(call, "group", input.new_path.as_deref(), name)?);
        }
        Ok(both)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.update_group(call.account, input.group_name, input.new_group_name, input.new_path).await?;
        Ok(Reply::new(()))
    }
}
