use super::managed_policy;
use super::model;
use super::paging;
use super::resources::policy;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::{HolderFilter, IdentityKind, PolicyHolder};

impl Operation for model::operation::ListEntitiesForPolicy {
    const ACTION: &'static str = "iam:ListEntitiesForPolicy";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] =
        &["PolicyArn", "EntityFilter", "PathPrefix", "PolicyUsageFilter", "Marker", "MaxItems"];

    async fn resources(_call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        policy(&input.policy_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let kind = match input.entity_filter.as_deref() {
            Some("User") => Some(IdentityKind::User),
            Some("Group") => Some(IdentityKind::Group),
            Some("Role") => Some(IdentityKind::Role),
            // Those that are AWS's own, or an account's own: neither is a kind of entity.
            Some(other @ ("LocalManagedPolicy" | "AWSManagedPolicy")) => {
                return Err(ApiError::unsupported("EntityFilter", format_args!("{other} selects policies")));
            }
            _ => None,
        };
        let usage = managed_policy::usage(input.policy_usage_filter.as_deref());
        let filter = HolderFilter { kind, path_prefix: input.path_prefix, usage };
        let paging = paging::read(input.marker, input.max_items);
        let page = iam.list_entities_for_policy(call.account, input.policy_arn, filter, paging).await?;
        let (mut groups, mut users, mut roles) = (Vec::new(), Vec::new(), Vec::new());
        for PolicyHolder { kind, name, id } in page.items {
            let (name, id) = (Some(name), Some(id));
            match kind {
                IdentityKind::Group => groups.push(model::PolicyGroup { group_name: name, group_id: id }),
                IdentityKind::User => users.push(model::PolicyUser { user_name: name, user_id: id }),
                IdentityKind::Role => roles.push(model::PolicyRole { role_name: name, role_id: id }),
            }
        }
        Ok(Reply::new(model::ListEntitiesForPolicyResponse {
            policy_groups: Some(groups),
            policy_users: Some(users),
            policy_roles: Some(roles),
            is_truncated: Some(page.next_marker.is_some()),
            marker: page.next_marker,
        }))
    }
}
