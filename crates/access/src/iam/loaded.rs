//! What the policies of a user or a role add up to, parsed and kept in memory.

use super::managed_policy::find;
use super::policy_versions::text_of;
use super::records::PolicyText;
use super::{Holder, Iam, IamError, Identity, IdentityKind, Role, User, aws_managed, keys, members};
use crate::Principal;
use crate::policy::{Named, PolicyDocument, PolicyKind};
use kv::{Kv, Read, Snapshot, Watch, get_record};
use names::{AccountId, Arn, Key, Keyspace};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Users and roles, and managed policies, that are kept at once; with one more, all are forgotten.
const KEPT_MAX: usize = 4_096;

/// All that a decision about a user or role needs of the store.
#[derive(Debug)]
pub struct Loaded {
    /// With its own tags and path, for `aws:PrincipalTag/*`.
    pub identity: Identity,
    /// Inline and attached, of a user's groups too.
    pub policies: Vec<LoadedPolicy>,
    /// `None`: there is no boundary.
    pub boundary: Option<LoadedPolicy>,
    /// A role's; users have none.
    pub trust: Option<LoadedPolicy>,
    /// A role's, in seconds; 0 for users.
    pub max_session_seconds: u32,
    /// Whether any of them, but the trust policy, asks for tags of resources.
    pub asks_for_tags: bool,
    /// The same for what a request says of items of tables.
    pub asks_for_items: bool,
}

/// A policy and what an explanation calls it: its ARN, or `inline NAME of role R`.
#[derive(Debug, Clone)]
pub struct LoadedPolicy {
    pub name: String,
    pub document: Arc<PolicyDocument>,
}

impl LoadedPolicy {
    pub fn named(&self) -> Named<'_> {
        Named { name: &self.name, document: &self.document }
    }

    /// Whether it asks for tags of resources.
    pub fn asks_for_tags(&self) -> bool {
        let is_of_tags = |key: &String| OF_TAGS.iter().any(|begin| key.starts_with(begin));
        self.document.context_keys().iter().any(is_of_tags)
    }

    /// Whether it asks which items of tables a request is about.
    pub fn asks_for_items(&self) -> bool {
        self.document.context_keys().iter().any(|key| OF_ITEMS.contains(&key.as_str()))
    }
}

impl Loaded {
    /// As `PolicySet::identity` wants them.
    pub fn identity_policies(&self) -> Vec<Named<'_>> {
        self.policies.iter().map(LoadedPolicy::named).collect()
    }
}

type IdentityKey = (AccountId, IdentityKind, String);

/// Kept while nothing of what it was made from is written.
///
/// Never older than what somebody was told: a commit counts before it is acknowledged, and what was read
/// before it counted is read again.
pub(crate) struct Kept {
    watches: [Watch; 6],
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// Of the watches when all in here was read.
    count: u64,
    identities: HashMap<IdentityKey, Option<Arc<Loaded>>>,
    managed: HashMap<(AccountId, String), LoadedPolicy>,
}

impl Kept {
    pub(crate) fn new(kv: &Kv) -> Self {
        let watch = |keyspace| kv.watch(Key::new(keyspace).as_bytes());
        let watches = [
            Keyspace::IamUser,
            Keyspace::IamGroup,
            Keyspace::IamRole,
            Keyspace::IamInlinePolicy,
            Keyspace::IamPolicy,
            Keyspace::IamPolicyText,
        ]
        .map(watch);
        Kept { watches, state: RwLock::default() }
    }

    fn count(&self) -> u64 {
        self.watches.iter().map(Watch::count).sum()
    }

    fn look<T>(&self, count: u64, look: impl FnOnce(&State) -> Option<T>) -> Option<T> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        (state.count == count).then(|| look(&state)).flatten()
    }

    /// `count`: from before it was read.
    fn keep(&self, count: u64, keep: impl FnOnce(&mut State)) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if count < state.count {
            return;
        }
        if count > state.count || state.identities.len().max(state.managed.len()) >= KEPT_MAX {
            *state = State { count, ..State::default() };
        }
        keep(&mut state);
    }
}

impl Iam {
    /// The policies of whom a principal acts as: a user, or the role of a session. `None` for root, services and
    /// who shows no credentials, and where the user or role is not there any more, or is another one under the
    /// same name: then nothing is allowed.
    ///
    /// Reads the store only when something of IAM was written since it last did.
    ///
    /// # Errors
    /// The store fails, or holds what is no policy.
    pub async fn policies_of(&self, principal: &Principal) -> Result<Option<Arc<Loaded>>, IamError> {
        let (account, user) = match principal {
            Principal::User { owner, user } => (&owner.account, user.as_ref()),
            Principal::Token { owner, user: Some(user), .. } => (&owner.account, user.as_ref()),
            Principal::Federated { owner, federated, .. } => match &federated.user {
                Some(user) => (&owner.account, user),
                None => return Ok(None),
            },
            Principal::Session { session, .. } => {
                let loaded = self.role_policies(&session.role_arn).await?;
                return Ok(loaded.filter(|loaded| loaded.identity.id == session.role_id));
            }
            Principal::Token { user: None, .. }
            | Principal::Root(_)
            | Principal::Service(_)
            | Principal::Anonymous => return Ok(None),
        };
        let key = (account.clone(), IdentityKind::User, user.name.clone());
        Ok(self.loaded(key).await?.filter(|loaded| loaded.identity.id == user.id))
    }

    /// The policies of the role that has an ARN, if there is one, and whom it trusts.
    ///
    /// # Errors
    /// As [`Iam::policies_of`].
    pub async fn role_policies(&self, role: &Arn) -> Result<Option<Arc<Loaded>>, IamError> {
        let Ok(account) = AccountId::parse(&role.account) else { return Ok(None) };
        let Some(name) = role.resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next()) else {
            return Ok(None);
        };
        let loaded = self.loaded((account, IdentityKind::Role, name.to_owned())).await?;
        let arn = role.to_string();
        Ok(loaded.filter(|loaded| loaded.identity.arn() == arn))
    }

    /// The policies of a user by name.
    ///
    /// # Errors
    /// As [`Iam::policies_of`].
    pub async fn user_policies(
        &self,
        account: AccountId,
        name: &str,
    ) -> Result<Option<Arc<Loaded>>, IamError> {
        self.loaded((account, IdentityKind::User, name.to_owned())).await
    }

    /// A managed policy's default version, as sessions that were made with its ARN need it. `None` where there is
    /// none any more.
    ///
    /// # Errors
    /// As [`Iam::policies_of`].
    pub async fn managed_policy(
        &self,
        account: &AccountId,
        arn: &str,
    ) -> Result<Option<LoadedPolicy>, IamError> {
        let key = (account.clone(), arn.to_owned());
        let count = self.0.kept.count();
        if let Some(policy) = self.0.kept.look(count, |state| state.managed.get(&key).cloned()) {
            return Ok(Some(policy));
        }
        let (account, arn) = key.clone();
        let read = async move |from: &Snapshot| managed(from, &account, &arn).await;
        let policy = self.read(read).await?;
        if let Some(policy) = &policy {
            self.0.kept.keep(count, |state| {
                state.managed.insert(key, policy.clone());
            });
        }
        Ok(policy)
    }

    async fn loaded(&self, key: IdentityKey) -> Result<Option<Arc<Loaded>>, IamError> {
        let count = self.0.kept.count();
        if let Some(loaded) = self.0.kept.look(count, |state| state.identities.get(&key).cloned()) {
            return Ok(loaded);
        }
        let (account, kind, name) = key.clone();
        let loaded = self
            .read(async move |from: &Snapshot| {
                let loaded = match kind {
                    IdentityKind::User => user(from, &account, &name).await,
                    IdentityKind::Role => role(from, &account, &name).await,
                    IdentityKind::Group => Ok(None),
                }?;
                Ok(loaded.map(Arc::new))
            })
            .await?;
        self.0.kept.keep(count, |state| {
            state.identities.insert(key, loaded.clone());
        });
        Ok(loaded)
    }
}

/// Condition keys of tags of resources, as [`PolicyDocument::context_keys`] gives them.
const OF_TAGS: [&str; 3] = ["aws:resourcetag/", "iam:resourcetag/", "s3:existingobjecttag/"];

/// Whether any of the policies asks for tags of resources.
pub(crate) fn ask_for_tags<'a>(mut policies: impl Iterator<Item = &'a LoadedPolicy>) -> bool {
    policies.any(LoadedPolicy::asks_for_tags)
}

/// Condition keys that name items and attributes.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>
const OF_ITEMS: [&str; 2] = ["dynamodb:leadingkeys", "dynamodb:attributes"];

/// Whether any of the policies asks which items of tables a request is about.
pub(crate) fn ask_for_items<'a>(mut policies: impl Iterator<Item = &'a LoadedPolicy>) -> bool {
    policies.any(LoadedPolicy::asks_for_items)
}

async fn user(from: &impl Read, account: &AccountId, name: &str) -> Result<Option<Loaded>, IamError> {
    let Some(user) = get_record::<User>(from, keys::identity(IdentityKind::User, account, name)).await?
    else {
        return Ok(None);
    };
    let mut policies = own(from, &user.identity).await?;
    for group in members::groups_of(from, &user).await? {
        policies.append(&mut own(from, group.identity()).await?);
    }
    let boundary = boundary(from, &user.identity).await?;
    let asks_for_tags = ask_for_tags(policies.iter().chain(&boundary));
    let asks_for_items = ask_for_items(policies.iter().chain(&boundary));
    Ok(Some(Loaded {
        identity: user.identity,
        policies,
        boundary,
        trust: None,
        max_session_seconds: 0,
        asks_for_tags,
        asks_for_items,
    }))
}

async fn role(from: &impl Read, account: &AccountId, name: &str) -> Result<Option<Loaded>, IamError> {
    let Some(role) = get_record::<Role>(from, keys::identity(IdentityKind::Role, account, name)).await?
    else {
        return Ok(None);
    };
    let mut trust = parse(format!("trust policy of role {name}"), &role.trust_policy, PolicyKind::Trust)?;
    if !role.pinned.is_empty() {
        let mut document = PolicyDocument::clone(&trust.document);
        document.pin(&role.pinned);
        trust.document = Arc::new(document);
    }
    let policies = own(from, &role.identity).await?;
    let boundary = boundary(from, &role.identity).await?;
    Ok(Some(Loaded {
        asks_for_tags: ask_for_tags(policies.iter().chain(&boundary)),
        asks_for_items: ask_for_items(policies.iter().chain(&boundary)),
        policies,
        boundary,
        identity: role.identity,
        trust: Some(trust),
        max_session_seconds: role.max_session_seconds,
    }))
}

/// The inline and attached policies of one user, group or role.
async fn own(from: &impl Read, identity: &Identity) -> Result<Vec<LoadedPolicy>, IamError> {
    let Identity { account, kind, name, id, .. } = identity;
    let mut policies = Vec::with_capacity(identity.inline.len().saturating_add(identity.attached.len()));
    for policy in identity.inline.keys() {
        let found = get_record::<PolicyText>(from, keys::inline(id, policy)).await?;
        let text =
            found.ok_or_else(|| IamError::Internal(format!("policy {policy} of {id} has no text")))?.text;
        let what = format!("inline {policy} of {} {name}", kind.word());
        policies.push(parse(what, &text, PolicyKind::Identity)?);
    }
    for arn in &identity.attached {
        policies.push(attached(from, account, arn).await?);
    }
    Ok(policies)
}

async fn boundary(from: &impl Read, identity: &Identity) -> Result<Option<LoadedPolicy>, IamError> {
    match &identity.boundary {
        Some(arn) => Ok(Some(attached(from, &identity.account, arn).await?)),
        None => Ok(None),
    }
}

async fn attached(from: &impl Read, account: &AccountId, arn: &str) -> Result<LoadedPolicy, IamError> {
    let found = managed(from, account, arn).await?;
    found.ok_or_else(|| IamError::Internal(format!("policy {arn} is attached and not there")))
}

async fn managed(from: &impl Read, account: &AccountId, arn: &str) -> Result<Option<LoadedPolicy>, IamError> {
    if let Some(policy) = aws_managed::find(arn) {
        return parse(arn.to_owned(), policy.text, PolicyKind::Identity).map(Some);
    }
    let Some(policy) = find(from, account, arn).await? else { return Ok(None) };
    let text = text_of(from, &policy, policy.default_version).await?;
    parse(arn.to_owned(), &text, PolicyKind::Identity).map(Some)
}

/// A policy that was taken and cannot be read any more may hold a denial: better no answer than a wrong one.
fn parse(name: String, text: &str, kind: PolicyKind) -> Result<LoadedPolicy, IamError> {
    match PolicyDocument::parse(text, kind) {
        Ok(document) => Ok(LoadedPolicy { name, document: Arc::new(document) }),
        Err(error) => Err(IamError::Internal(format!("{name} cannot be read: {error}"))),
    }
}
