use super::model;
use super::simulation::{self, Asked};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::PolicyKind;
use access::simulate::{Simulation, Source, principal_of};

impl Operation for model::operation::SimulateCustomPolicy {
    const ACTION: &'static str = "iam:SimulateCustomPolicy";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "PolicyInputList",
        "PermissionsBoundaryPolicyInputList",
        "OrderedOrganizationPolicyInputList",
        "ActionNames",
        "ResourceArns",
        "ResourcePolicy",
        "ResourceOwner",
        "CallerArn",
        "ContextEntries",
        "MaxItems",
        "Marker",
    ];

    async fn resources(call: &Call, _: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        simulation::anything(call)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        // Without a caller, somebody of the account whose policies these are.
        let caller = match input.caller_arn {
            Some(arn) => simulation::arn(&arn)?,
            None => simulation::arn(&format!("arn:aws:iam::{}:user/simulated", call.account))?,
        };
        let invalid = || ApiError::invalid("InvalidInput", format!("{caller} is no principal."));
        let read = |prefix, texts: &[String]| simulation::policies(prefix, texts, PolicyKind::Identity);
        let boundary = input.permissions_boundary_policy_input_list;
        let boundary =
            boundary.map(|texts| read("PermissionsBoundaryPolicyInputList", &texts)).transpose()?;
        let mut guardrails = Vec::new();
        for level in input.ordered_organization_policy_input_list.unwrap_or_default() {
            let texts = level.service_control_policy_input_list.unwrap_or_default();
            let kind = PolicyKind::Guardrail;
            guardrails.push(simulation::policies("ServiceControlPolicyInputList", &texts, kind)?);
        }
        let simulated = Simulation {
            principal: principal_of(&caller).ok_or_else(invalid)?,
            source: Source { policies: read("PolicyInputList", &input.policy_input_list)?, boundary },
            resource_policy: simulation::resource_policy(input.resource_policy)?,
            resource_owner: simulation::owner(input.resource_owner)?,
            guardrails,
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
