use super::{model, simulation};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::PolicyKind;
use std::collections::BTreeSet;

impl Operation for model::operation::GetContextKeysForCustomPolicy {
    const ACTION: &'static str = "iam:GetContextKeysForCustomPolicy";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["PolicyInputList"];

    async fn resources(call: &Call, _: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        simulation::anything(call)
    }

    async fn call(_: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let policies =
            simulation::policies("PolicyInputList", &input.policy_input_list, PolicyKind::Identity)?;
        let keys: BTreeSet<String> =
            policies.iter().flat_map(|policy| policy.document.context_keys()).collect();
        let context_key_names = Some(keys.into_iter().collect());
        Ok(Reply::new(model::GetContextKeysForPolicyResponse { context_key_names }))
    }
}
