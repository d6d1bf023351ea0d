use super::model;
use super::simulation::{self, Asked};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::PolicyKind;
use access::simulate::{Simulation, principal_of};

impl Operation for model::operation::SimulatePrincipalPolicy {
    const ACTION: &'static str = "iam:SimulatePrincipalPolicy";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "PolicySourceArn",
        "PolicyInputList",
        "PermissionsBoundaryPolicyInputList",
        "ActionNames",
        "ResourceArns",
        "ResourcePolicy",
        "ResourceOwner",
        "CallerArn",
        "ContextEntries",
        "MaxItems",
        "Marker",
    ];

    async fn resources(_: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(vec![Resource::new(simulation::arn(&input.policy_source_arn)?)])
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let source_arn = simulation::arn(&input.policy_source_arn)?;
        let mut source = call.services.access.iam().policy_source(call.account.clone(), &source_arn).await?;
        let caller = match input.caller_arn {
            Some(arn) => simulation::arn(&arn)?,
            None => source_arn,
        };
        let invalid = || ApiError::invalid("InvalidInput", format!("{caller} is no principal."));
        let read = |prefix, texts: &[String]| simulation::policies(prefix, texts, PolicyKind::Identity);
        let added = read("PolicyInputList", &input.policy_input_list.unwrap_or_default())?;
        source.policies.extend(added);
        if let Some(texts) = input.permissions_boundary_policy_input_list {
            source.boundary = Some(read("PermissionsBoundaryPolicyInputList", &texts)?);
        }
        let principal = principal_of(&caller).ok_or_else(invalid)?;
        let bound = principal.account.as_ref().unwrap_or(&call.account);
        let simulated = Simulation {
            guardrails: call.services.access.guardrails_of(bound),
            principal,
            source,
            resource_policy: simulation::resource_policy(input.resource_policy)?,
            resource_owner: simulation::owner(input.resource_owner)?,
            context: simulation::context(input.context_entries)?,
        };
        let asked = Asked {
            actions: input.action_names,
            resources: input.resource_arns,
            marker: input.marker,
            max_items: input.max_items,
        };
        simulation::answer(&simulated, asked).map(Reply::new)
    }
}
