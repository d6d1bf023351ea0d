use super::managed_policy;
use super::model;
use super::paging;
use super::resources::all;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::{PolicyFilter, Scope};

impl Operation for model::operation::ListPolicies {
    const ACTION: &'static str = "iam:ListPolicies";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] =
        &["Scope", "OnlyAttached", "PathPrefix", "PolicyUsageFilter", "Marker", "MaxItems"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        all(call, "policy", input.path_prefix.as_deref())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let filter = PolicyFilter {
            // The model lets only these words through.
            scope: match input.scope.as_deref() {
                Some("AWS") => Scope::Aws,
                Some("Local") => Scope::Local,
                _ => Scope::All,
            },
            only_attached: input.only_attached.unwrap_or(false),
            path_prefix: input.path_prefix,
            usage: managed_policy::usage(input.policy_usage_filter.as_deref()),
        };
        let paging = paging::read(input.marker, input.max_items);
        let page = iam.list_policies(call.account, filter, paging).await?;
        // Neither descriptions nor tags are in lists.
        let policies = page.items.into_iter().map(|policy| model::Policy {
            description: None,
            tags: None,
            ..managed_policy::shown(policy)
        });
        Ok(Reply::new(model::ListPoliciesResponse {
            policies: Some(policies.collect()),
            is_truncated: Some(page.next_marker.is_some()),
            marker: page.next_marker,
        }))
    }
}
