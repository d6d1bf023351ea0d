use super::{model, role};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::CreateServiceLinkedRole {
    const ACTION: &'static str = "iam:CreateServiceLinkedRole";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &["iam:AWSServiceName"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["AWSServiceName", "Description", "CustomSuffix"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        // The role's name is the service's to choose; a policy grants what is under its path.
        let path = format!("/aws-service-role/{}/", input.aws_service_name);
        super::resources::new(call, "role", Some(&path), "")
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(Context::from_iter([("iam:AWSServiceName", input.aws_service_name.as_str())]))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let (service, suffix) = (input.aws_service_name, input.custom_suffix);
        let made = iam.create_service_linked_role(call.account, service, suffix, input.description).await?;
        Ok(Reply::new(model::CreateServiceLinkedRoleResponse { role: Some(role::shown(&made)) }))
    }
}
