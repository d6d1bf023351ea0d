//! Everything of an account that grants permissions: users, groups, roles and policies, in this order, each
//! in byte order of names.

use super::account;
use super::{document, managed_policy, model, role, tags, user};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::{
    Attached, Group, Holder, Identity, ManagedPolicy, PAGE_ITEMS, Page, Paging, PolicyFilter, PolicyVersion,
    Role, Scope, User,
};
use protocol::Timestamp;

/// What a page goes on with, each the first word of its marker.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Users,
    Groups,
    Roles,
    Policies,
}

const PARTS: [(Part, &str); 4] =
    [(Part::Users, "user"), (Part::Groups, "group"), (Part::Roles, "role"), (Part::Policies, "policy")];

impl Operation for model::operation::GetAccountAuthorizationDetails {
    const ACTION: &'static str = "iam:GetAccountAuthorizationDetails";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Filter", "Marker", "MaxItems"];

    async fn resources(call: &Call, _: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        account::everything(call)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let wanted = Wanted::of(input.filter.as_deref().unwrap_or_default());
        let (first, mut marker) = read_marker(input.marker.as_deref())?;
        let mut left = input.max_items.and_then(|max| usize::try_from(max).ok()).unwrap_or(PAGE_ITEMS).max(1);
        let mut output = model::GetAccountAuthorizationDetailsResponse {
            user_detail_list: Some(Vec::new()),
            group_detail_list: Some(Vec::new()),
            role_detail_list: Some(Vec::new()),
            policies: Some(Vec::new()),
            is_truncated: Some(false),
            marker: None,
        };
        for (part, word) in PARTS.into_iter().skip(first).filter(|(part, _)| wanted.has(*part)) {
            if left == 0 {
                output.marker = Some(format!("{word}/"));
                break;
            }
            let paging = Paging::new(marker.take(), Some(left));
            let (count, next) = match part {
                Part::Users => users(&call, paging, output.user_detail_list.as_mut()).await?,
                Part::Groups => groups(&call, paging, output.group_detail_list.as_mut()).await?,
                Part::Roles => roles(&call, paging, output.role_detail_list.as_mut()).await?,
                Part::Policies => policies(&call, &wanted, paging, output.policies.as_mut()).await?,
            };
            left = left.saturating_sub(count);
            if let Some(next) = next {
                output.marker = Some(format!("{word}/{next}"));
                break;
            }
        }
        output.is_truncated = Some(output.marker.is_some());
        Ok(Reply::new(output))
    }
}

/// What was asked for; nothing means everything.
struct Wanted {
    parts: Vec<Part>,
    scope: Scope,
}

impl Wanted {
    /// The model lets only the five words through.
    fn of(filter: &[String]) -> Self {
        let has = |word: &str| filter.is_empty() || filter.iter().any(|given| given == word);
        let scope = match (has("LocalManagedPolicy"), has("AWSManagedPolicy")) {
            (true, false) => Scope::Local,
            (false, true) => Scope::UsedAws,
            _ => Scope::LocalAndUsedAws,
        };
        let mut parts = Vec::new();
        for (part, words) in [
            (Part::Users, &["User"][..]),
            (Part::Groups, &["Group"]),
            (Part::Roles, &["Role"]),
            (Part::Policies, &["LocalManagedPolicy", "AWSManagedPolicy"]),
        ] {
            if words.iter().any(|word| has(word)) {
                parts.push(part);
            }
        }
        Wanted { parts, scope }
    }

    fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }
}

/// Which part comes first, and what of it was told before.
///
/// # Errors
/// `ValidationError`: it is no marker of ours.
fn read_marker(marker: Option<&str>) -> Result<(usize, Option<String>), ApiError> {
    let Some(marker) = marker else { return Ok((0, None)) };
    let (word, name) = marker.split_once('/').unwrap_or((marker, ""));
    let first = PARTS.iter().position(|(_, known)| *known == word);
    let first =
        first.ok_or_else(|| ApiError::invalid("ValidationError", format!("Invalid Marker: {marker}")))?;
    Ok((first, (!name.is_empty()).then(|| name.to_owned())))
}

type Told = (usize, Option<String>);

async fn users(
    call: &Call,
    paging: Paging,
    into: Option<&mut Vec<model::UserDetail>>,
) -> Result<Told, ApiError> {
    let iam = call.services.access.iam();
    let Page { items, next_marker } = iam.list_users(call.account.clone(), None, paging).await?;
    let mut details = Vec::with_capacity(items.len());
    for found in &items {
        let identity = found.identity();
        let groups = iam.list_groups_for_user(call.account.clone(), identity.name.clone(), Paging::default());
        let groups = if_there(groups.await)?.map(|page| page.items).unwrap_or_default();
        details.push(model::UserDetail {
            path: Some(identity.path.clone()),
            user_name: Some(identity.name.clone()),
            user_id: Some(identity.id.clone()),
            arn: Some(identity.arn()),
            create_date: Some(Timestamp(identity.created)),
            user_policy_list: Some(inline::<User>(call, identity).await?),
            group_list: Some(groups.into_iter().map(|group| group.identity.name).collect()),
            attached_managed_policies: Some(attached(identity)),
            permissions_boundary: user::boundary(found),
            tags: Some(tags::shown(identity.tags.clone())),
        });
    }
    Ok(tell(details, next_marker, into))
}

async fn groups(
    call: &Call,
    paging: Paging,
    into: Option<&mut Vec<model::GroupDetail>>,
) -> Result<Told, ApiError> {
    let iam = call.services.access.iam();
    let Page { items, next_marker } = iam.list_groups(call.account.clone(), None, paging).await?;
    let mut details = Vec::with_capacity(items.len());
    for found in &items {
        let identity = found.identity();
        details.push(model::GroupDetail {
            path: Some(identity.path.clone()),
            group_name: Some(identity.name.clone()),
            group_id: Some(identity.id.clone()),
            arn: Some(identity.arn()),
            create_date: Some(Timestamp(identity.created)),
            group_policy_list: Some(inline::<Group>(call, identity).await?),
            attached_managed_policies: Some(attached(identity)),
        });
    }
    Ok(tell(details, next_marker, into))
}

async fn roles(
    call: &Call,
    paging: Paging,
    into: Option<&mut Vec<model::RoleDetail>>,
) -> Result<Told, ApiError> {
    let iam = call.services.access.iam();
    let Page { items, next_marker } = iam.list_roles(call.account.clone(), None, paging).await?;
    let mut details = Vec::with_capacity(items.len());
    for found in &items {
        let identity = found.identity();
        details.push(model::RoleDetail {
            path: Some(identity.path.clone()),
            role_name: Some(identity.name.clone()),
            role_id: Some(identity.id.clone()),
            arn: Some(identity.arn()),
            create_date: Some(Timestamp(identity.created)),
            assume_role_policy_document: Some(document::shown(&found.trust_policy)),
            // There are no instances that a role could be given to.
            instance_profile_list: Some(Vec::new()),
            role_policy_list: Some(inline::<Role>(call, identity).await?),
            attached_managed_policies: Some(attached(identity)),
            permissions_boundary: role::boundary(found),
            tags: Some(tags::shown(identity.tags.clone())),
            role_last_used: Some(role::last_used(iam.last_used(identity.id.clone()).await?)),
        });
    }
    Ok(tell(details, next_marker, into))
}

/// The account's own, and of AWS's those that it uses.
async fn policies(
    call: &Call,
    wanted: &Wanted,
    paging: Paging,
    into: Option<&mut Vec<model::ManagedPolicyDetail>>,
) -> Result<Told, ApiError> {
    let iam = call.services.access.iam();
    let filter = PolicyFilter { scope: wanted.scope, ..PolicyFilter::default() };
    let Page { items, next_marker } = iam.list_policies(call.account.clone(), filter, paging).await?;
    let mut details = Vec::with_capacity(items.len());
    for ManagedPolicy { arn, .. } in items {
        let found = if_there(iam.policy_details(call.account.clone(), arn).await)?;
        details.extend(found.map(|(policy, versions)| detail(policy, versions)));
    }
    Ok(tell(details, next_marker, into))
}

fn detail(policy: ManagedPolicy, versions: Vec<PolicyVersion>) -> model::ManagedPolicyDetail {
    let policy = managed_policy::shown(policy);
    model::ManagedPolicyDetail {
        policy_name: policy.policy_name,
        policy_id: policy.policy_id,
        arn: policy.arn,
        path: policy.path,
        default_version_id: policy.default_version_id,
        attachment_count: policy.attachment_count,
        permissions_boundary_usage_count: policy.permissions_boundary_usage_count,
        is_attachable: policy.is_attachable,
        description: policy.description,
        create_date: policy.create_date,
        update_date: policy.update_date,
        policy_version_list: Some(versions.into_iter().map(managed_policy::version).collect()),
    }
}

async fn inline<H: Holder>(call: &Call, identity: &Identity) -> Result<Vec<model::PolicyDetail>, ApiError> {
    let iam = call.services.access.iam();
    let mut policies = Vec::with_capacity(identity.inline.len());
    for name in identity.inline.keys() {
        let text = iam.get_policy_text::<H>(call.account.clone(), identity.name.clone(), name.clone()).await;
        policies.extend(if_there(text)?.map(|text| model::PolicyDetail {
            policy_name: Some(name.clone()),
            policy_document: Some(document::shown(&text)),
        }));
    }
    Ok(policies)
}

fn attached(identity: &Identity) -> Vec<model::AttachedPolicy> {
    managed_policy::attached(identity.attached.iter().map(|arn| Attached::of(arn)).collect())
}

/// `None` for what was deleted since it was listed.
fn if_there<T>(found: Result<T, access::IamError>) -> Result<Option<T>, ApiError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(access::IamError::NoSuchEntity(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn tell<T>(details: Vec<T>, next: Option<String>, into: Option<&mut Vec<T>>) -> Told {
    let count = details.len();
    if let Some(into) = into {
        into.extend(details);
    }
    (count, next)
}
