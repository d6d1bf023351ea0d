//! AssumeRole, GetSessionToken and GetFederationToken: who gets which session.

mod web_identity;

pub use web_identity::AssumeRoleWithWebIdentity;

use crate::decision::sentence;
use crate::iam::Loaded;
use crate::policy::{self, Context, MalformedPolicy, PolicyDocument, PolicyKind, PolicySet, ResourceFacts};
use crate::{
    Access, AccessError, Denial, Explanation, Federated, IamError, IamUser, Principal, Session,
    SessionCredentials, SessionPolicies, SessionRequest, SessionSubject,
};
use names::{AccountId, Arn};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// A role assumed out of a session of another one.
const CHAINED_SECONDS_MAX: u32 = 3_600;
const DEFAULT_SECONDS: u32 = 3_600;
/// Of GetSessionToken and GetFederationToken, where nobody says how long.
const TOKEN_DEFAULT_SECONDS: u32 = 43_200;
/// Of the same, for root; what is asked for beyond is cut to it.
const ROOT_TOKEN_SECONDS_MAX: u32 = 3_600;
const SESSION_TAGS_MAX: usize = 50;
const SESSION_POLICIES_MAX: usize = 10;

/// Why there is no session; in words fit for the caller, but for the last two.
#[derive(Debug, thiserror::Error)]
pub enum AssumeError {
    #[error("{}", .0.message)]
    Denied(Box<Denial>),
    #[error("{0}")]
    Validation(String),
    #[error("{0}")]
    InvalidParameter(String),
    /// A token that is none of a provider's.
    #[error("{0}")]
    InvalidToken(String),
    #[error("{0}")]
    ExpiredToken(String),
    #[error(transparent)]
    MalformedPolicy(#[from] MalformedPolicy),
    #[error(transparent)]
    Session(#[from] AccessError),
    #[error(transparent)]
    Iam(#[from] IamError),
}

/// What AssumeRole is asked for.
#[derive(Debug, Clone, Default)]
pub struct AssumeRole {
    pub role_arn: String,
    pub session_name: String,
    pub policies: SessionPolicies,
    pub seconds: Option<u32>,
    pub tags: Vec<(String, String)>,
    pub transitive: Vec<String>,
    pub external_id: Option<String>,
    pub source_identity: Option<String>,
}

/// What GetFederationToken is asked for.
#[derive(Debug, Clone, Default)]
pub struct NewFederated {
    pub name: String,
    pub policies: SessionPolicies,
    pub seconds: Option<u32>,
    pub tags: Vec<(String, String)>,
}

/// Whom the credentials are for, with the credentials.
#[derive(Debug, Clone)]
pub struct Assumed<S> {
    pub session: S,
    pub credentials: SessionCredentials,
}

impl Access {
    /// Makes a session of the role if both the role's trust policy and the principal's own policies let the
    /// principal have it, by IAM's rules for one account and for two. `context`: what is known of the request.
    ///
    /// Root may assume what trusts its account, which AWS refuses: here it is whom most people are.
    ///
    /// # Errors
    /// `Denied`, also where there is no such role; what is asked for cannot be; the store fails.
    pub async fn assume_role(
        &self,
        principal: &Principal,
        asked: AssumeRole,
        mut context: Context,
    ) -> Result<Assumed<Session>, AssumeError> {
        if matches!(principal, Principal::Federated { .. }) {
            let message = "Cannot call AssumeRole with credentials of a federated user";
            return Err(refused(message, "sts:AssumeRole"));
        }
        let arn = Arn::parse(&asked.role_arn).ok().filter(is_role);
        let account = arn.as_ref().and_then(|arn| AccountId::parse(&arn.account).ok());
        let (Some(arn), Some(account)) = (arn, account) else {
            return Err(AssumeError::Validation(format!("{} is invalid", asked.role_arn)));
        };
        let caller = match principal {
            Principal::Session { session, .. } => Some(session.as_ref()),
            _ => None,
        };
        let (tags, transitive) = tags_of(caller, asked.tags, asked.transitive)?;
        let source_identity = source_identity_of(caller, asked.source_identity)?;
        for (key, value) in [("sts:ExternalId", &asked.external_id), ("sts:SourceIdentity", &source_identity)]
        {
            if let Some(value) = value {
                context.set(key, value);
            }
        }
        context.set("sts:RoleSessionName", &asked.session_name);
        describe_tags(&tags, &transitive, &mut context);

        let denied = |action: &str| denied(principal, action, &arn);
        let role = self.iam().role_policies(&arn).await?.ok_or_else(|| denied("sts:AssumeRole"))?;
        let mut actions = vec!["sts:AssumeRole"];
        actions.extend((!tags.is_empty()).then_some("sts:TagSession"));
        actions.extend(source_identity.is_some().then_some("sts:SetSourceIdentity"));
        self.check(principal, &actions, &role, &arn, &account, context).await?;

        let lifetime = lifetime_of(caller, asked.seconds, role.max_session_seconds)?;
        let session = Session {
            policies: self.checked_policies(&account, asked.policies).await?,
            tags,
            transitive,
            source_identity,
            ..Session::of_role(arn, &role.identity.id, asked.session_name)
        };
        let subject = SessionSubject::Role(Box::new(session.clone()));
        let credentials = self.session(SessionRequest { account, subject, lifetime })?;
        Ok(Assumed { session, credentials })
    }

    /// Credentials of the principal's own that end.
    ///
    /// # Errors
    /// `Denied` to whoever has no long-lived key.
    pub fn get_session_token(
        &self,
        principal: &Principal,
        seconds: Option<u32>,
    ) -> Result<SessionCredentials, AssumeError> {
        let (account, user) = long_lived(principal, "GetSessionToken")?;
        let lifetime = token_lifetime(user.is_none(), seconds);
        let subject = SessionSubject::Token(user);
        Ok(self.session(SessionRequest { account, subject, lifetime })?)
    }

    /// Credentials for somebody else, within the principal's permissions and the policies that are given;
    /// without policies they allow nothing but what resources' own policies do.
    ///
    /// # Errors
    /// `Denied` to whoever has no long-lived key; what is asked for cannot be; the store fails.
    pub async fn get_federation_token(
        &self,
        principal: &Principal,
        asked: NewFederated,
    ) -> Result<Assumed<Federated>, AssumeError> {
        let (account, user) = long_lived(principal, "GetFederationToken")?;
        let lifetime = token_lifetime(user.is_none(), asked.seconds);
        let (tags, _) = tags_of(None, asked.tags, Vec::new())?;
        let policies = self.checked_policies(&account, asked.policies).await?;
        let session = Federated { name: asked.name, user, policies, tags };
        let subject = SessionSubject::Federated(session.clone());
        let credentials = self.session(SessionRequest { account, subject, lifetime })?;
        Ok(Assumed { session, credentials })
    }

    /// The account of a long-lived key, whosever it is and whether or not it is active.
    pub fn account_of_key(&self, access_key_id: &str) -> Option<AccountId> {
        let of_user = self.iam().key(access_key_id).map(|key| key.account.clone());
        of_user.or_else(|| self.account_of_root_key(access_key_id))
    }

    /// All of `actions` on a role.
    async fn check(
        &self,
        principal: &Principal,
        actions: &[&str],
        role: &Arc<Loaded>,
        arn: &Arn,
        account: &AccountId,
        mut context: Context,
    ) -> Result<(), AssumeError> {
        let who = self.iam().policies_of(principal).await?;
        principal.describe(who.as_deref(), &mut context);
        for (key, value) in &role.identity.tags {
            context.set(&format!("aws:ResourceTag/{key}"), value);
            context.set(&format!("iam:ResourceTag/{key}"), value);
        }
        let identity = who.as_deref().map(Loaded::identity_policies).unwrap_or_default();
        let boundary = who.as_deref().and_then(|who| who.boundary.as_ref()).map(|policy| [policy.named()]);
        let session = self.session_policies(principal).await?;
        let session: Option<Vec<_>> =
            session.as_ref().map(|policies| policies.iter().map(|policy| policy.named()).collect());
        let trust = role.trust.as_ref().map(|policy| policy.named());
        let Some(trust) = trust else {
            return Err(IamError::Internal(format!("{arn} has no trust policy")).into());
        };
        let guardrails = self.guardrails();
        let levels = guardrails.levels(principal.account());
        let levels: Vec<_> = levels.iter().map(Vec::as_slice).collect();
        let policies = PolicySet {
            identity: &identity,
            boundary: boundary.as_ref().map(|boundary| boundary.as_slice()),
            session: session.as_deref(),
            resource: Some(&trust),
            guardrails: &levels,
        };
        let facts = principal.facts();
        let resource = ResourceFacts { arn: arn.to_string(), account: Some(account.clone()) };
        for action in actions {
            let request = policy::Request {
                principal: &facts,
                action,
                resource: &resource,
                context: &context,
                policies: &policies,
            };
            let verdict = policy::evaluate(&request);
            if !verdict.is_allowed() {
                // Another account is not told how its role is guarded.
                let is_own = principal.account() == Some(account);
                let because = if is_own { verdict.because(&request) } else { String::new() };
                let message = sentence(principal, action, Some(&resource.arn), &because);
                let explanation = match is_own {
                    true => Explanation::of(&verdict, &request),
                    false => Denial::plain("", action, Some(resource.arn)).explanation,
                };
                return Err(AssumeError::Denied(Box::new(Denial { message, explanation })));
            }
        }
        Ok(())
    }

    /// # Errors
    /// A text that is no policy, a managed policy that is not there, or more than ten.
    async fn checked_policies(
        &self,
        account: &AccountId,
        policies: SessionPolicies,
    ) -> Result<SessionPolicies, AssumeError> {
        let SessionPolicies { inline, managed } = policies;
        let inline = match inline {
            Some(text) => {
                PolicyDocument::parse(&text, PolicyKind::Identity)?;
                let value: Result<serde_json::Value, _> = serde_json::from_str(&text);
                Some(value.map_or(text, |value| value.to_string()))
            }
            None => None,
        };
        if managed.len() > SESSION_POLICIES_MAX {
            let message = format!("At most {SESSION_POLICIES_MAX} managed policies can be given.");
            return Err(AssumeError::Validation(message));
        }
        for arn in &managed {
            if self.iam().managed_policy(account, arn).await?.is_none() {
                let message = format!("Policy {arn} does not exist or is not attachable.");
                return Err(AssumeError::Validation(message));
            }
        }
        Ok(SessionPolicies { inline, managed })
    }
}

fn is_role(arn: &Arn) -> bool {
    arn.service == "iam" && arn.region.is_empty() && arn.resource.starts_with("role/")
}

fn denied(principal: &Principal, action: &str, arn: &Arn) -> AssumeError {
    let arn = arn.to_string();
    let message = sentence(principal, action, Some(&arn), "");
    AssumeError::Denied(Box::new(Denial::plain(message, action, Some(arn))))
}

/// Whatever policies say.
fn refused(message: impl Into<String>, action: &str) -> AssumeError {
    AssumeError::Denied(Box::new(Denial::plain(message, action, None)))
}

/// The account and user (`None` for root) of a long-lived key.
fn long_lived(principal: &Principal, operation: &str) -> Result<(AccountId, Option<IamUser>), AssumeError> {
    match principal {
        Principal::Root(owner) => Ok((owner.account.clone(), None)),
        Principal::User { owner, user } => Ok((owner.account.clone(), Some(user.as_ref().clone()))),
        _ => {
            let message = format!("Cannot call {operation} with session credentials");
            Err(refused(message, &format!("sts:{operation}")))
        }
    }
}

fn token_lifetime(is_root: bool, seconds: Option<u32>) -> Duration {
    let seconds = seconds.unwrap_or(TOKEN_DEFAULT_SECONDS);
    let most = if is_root { ROOT_TOKEN_SECONDS_MAX } else { u32::MAX };
    Duration::from_secs(u64::from(seconds.min(most)))
}

fn lifetime_of(
    caller: Option<&Session>,
    seconds: Option<u32>,
    role_seconds_max: u32,
) -> Result<Duration, AssumeError> {
    let asked = seconds.unwrap_or(DEFAULT_SECONDS);
    if caller.is_some() && asked > CHAINED_SECONDS_MAX {
        return Err(AssumeError::Validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
                .to_owned(),
        ));
    }
    if asked > role_seconds_max {
        return Err(AssumeError::Validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.".to_owned(),
        ));
    }
    Ok(Duration::from_secs(u64::from(asked)))
}

/// The session's tags, those it inherits among them, and which of them it hands on.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining>
fn tags_of(
    caller: Option<&Session>,
    asked: Vec<(String, String)>,
    asked_transitive: Vec<String>,
) -> Result<(BTreeMap<String, String>, BTreeSet<String>), AssumeError> {
    let invalid = |message: &str| AssumeError::InvalidParameter(message.to_owned());
    let same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
    let mut tags = BTreeMap::new();
    let mut transitive = BTreeSet::new();
    for key in caller.iter().flat_map(|caller| &caller.transitive) {
        if let Some(value) = caller.and_then(|caller| caller.tags.get(key)) {
            tags.insert(key.clone(), value.clone());
            transitive.insert(key.clone());
        }
    }
    let inherited = tags.clone();
    for (key, value) in asked {
        if inherited.keys().any(|other| same(other, &key)) {
            return Err(invalid(
                "One of the specified tag keys can't be set because it conflicts with a transitive tag key from \
                 the calling session.",
            ));
        }
        if tags.keys().any(|other: &String| same(other, &key)) {
            return Err(invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("Tag keys must not start with \"aws:\", which is reserved."));
        }
        tags.insert(key, value);
    }
    if tags.len() > SESSION_TAGS_MAX {
        return Err(invalid("A session can have at most 50 tags, those it inherits among them."));
    }
    for key in asked_transitive {
        let named = tags.keys().find(|other| same(other, &key)).cloned();
        transitive.insert(named.ok_or_else(|| {
            invalid("The specified transitive tag key must be included in the requested tags.")
        })?);
    }
    Ok((tags, transitive))
}

fn describe_tags(tags: &BTreeMap<String, String>, transitive: &BTreeSet<String>, context: &mut Context) {
    for (key, value) in tags {
        context.set(&format!("aws:RequestTag/{key}"), value);
    }
    context.set_all("aws:TagKeys", tags.keys());
    context.set_all("sts:TransitiveTagKeys", transitive);
}

/// Set once, it stays the same through every role that is assumed after.
fn source_identity_of(
    caller: Option<&Session>,
    asked: Option<String>,
) -> Result<Option<String>, AssumeError> {
    let inherited = caller.and_then(|caller| caller.source_identity.clone());
    match (inherited, asked) {
        (Some(inherited), Some(asked)) if inherited != asked => Err(refused(
            "The source identity of a session cannot be changed by assuming another role.",
            "sts:SetSourceIdentity",
        )),
        (inherited, asked) => Ok(inherited.or(asked)),
    }
}

#[cfg(test)]
mod tests;
