use super::{model, simulation};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::PolicyKind;
use std::collections::BTreeSet;

impl Operation for model::operation::GetContextKeysForPrincipalPolicy {
    const ACTION: &'static str = "iam:GetContextKeysForPrincipalPolicy";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["PolicySourceArn", "PolicyInputList"];

    async fn resources(_: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(vec![Resource::new(simulation::arn(&input.policy_source_arn)?)])
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let arn = simulation::arn(&input.policy_source_arn)?;
        let mut policies = call.services.access.iam().policy_source(call.account, &arn).await?.policies;
        let added = input.policy_input_list.unwrap_or_default();
        policies.extend(simulation::policies("PolicyInputList", &added, PolicyKind::Identity)?);
        let keys: BTreeSet<String> =
            policies.iter().flat_map(|policy| policy.document.context_keys()).collect();
        let context_key_names = Some(keys.into_iter().collect());
        Ok(Reply::new(model::GetContextKeysForPolicyResponse { context_key_names }))
    }
}
