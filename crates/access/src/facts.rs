//! A principal as policies see it.

use crate::iam::{Loaded, LoadedPolicy};
use crate::policy::{Context, PolicyDocument, PolicyKind, PrincipalFacts, PrincipalKind};
use crate::{Access, IamError, Principal};
use std::sync::Arc;

impl Principal {
    /// What Principal elements are compared to.
    pub fn facts(&self) -> PrincipalFacts {
        let kind = match self {
            Principal::Root(_) | Principal::Token { user: None, .. } => PrincipalKind::Root,
            Principal::User { user, .. } | Principal::Token { user: Some(user), .. } => {
                PrincipalKind::User { arn: self.arn(), id: user.id.clone() }
            }
            Principal::Session { session, .. } => PrincipalKind::RoleSession {
                role_arn: session.role_arn.to_string(),
                role_id: session.role_id.clone(),
                session_arn: session.arn(),
            },
            Principal::Federated { owner, federated, .. } => PrincipalKind::FederatedUser {
                arn: self.arn(),
                user_arn: federated.user.as_ref().map(|user| user.arn(&owner.account)),
            },
            Principal::Service(name) => PrincipalKind::Service(name.clone()),
            Principal::Anonymous => PrincipalKind::Anonymous,
        };
        let canonical_user_id = self.owner().map(|owner| owner.canonical_user_id.clone());
        PrincipalFacts { kind, account: self.account().cloned(), canonical_user_id }
    }

    /// Adds the condition keys that are about the principal. `loaded`: the user or role it acts as.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    pub fn describe(&self, loaded: Option<&Loaded>, context: &mut Context) {
        let (kind, arn) = match self {
            Principal::Root(_) | Principal::Token { user: None, .. } => ("Account", self.arn()),
            Principal::User { .. } | Principal::Token { .. } => ("User", self.arn()),
            // The role's, not the session's.
            Principal::Session { session, .. } => ("AssumedRole", session.role_arn.to_string()),
            Principal::Federated { .. } => ("FederatedUser", self.arn()),
            Principal::Service(name) => {
                context.set("aws:PrincipalIsAWSService", "true");
                context.set("aws:PrincipalServiceName", name);
                return;
            }
            Principal::Anonymous => {
                context.set("aws:PrincipalType", "Anonymous");
                return;
            }
        };
        context.set("aws:PrincipalIsAWSService", "false");
        context.set("aws:PrincipalType", kind);
        context.set("aws:PrincipalArn", arn);
        context.set("aws:userid", self.user_id());
        if let Some(account) = self.account() {
            context.set("aws:PrincipalAccount", account.as_str());
        }
        if let Some(user) = self.user() {
            context.set("aws:username", &user.name);
        }
        if let Some(validity) = self.validity() {
            context.set("aws:TokenIssueTime", validity.issued.to_iso8601());
            context.set("aws:MultiFactorAuthPresent", "false");
        }
        // Later ones take the place of those of the same key: a session's, of its role's.
        let own = loaded.map(|loaded| &loaded.identity.tags);
        let of_session = match self {
            Principal::Session { session, .. } => Some(&session.tags),
            Principal::Federated { federated, .. } => Some(&federated.tags),
            _ => None,
        };
        for (key, value) in own.into_iter().chain(of_session).flatten() {
            context.set(&format!("aws:PrincipalTag/{key}"), value);
        }
        if let Principal::Session { session, .. } = self {
            if let Some(function) = &session.function_arn {
                context.set("lambda:SourceFunctionArn", function.to_string());
            }
            if let Some(identity) = &session.source_identity {
                context.set("aws:SourceIdentity", identity);
            }
            if let Some(web) = &session.web_identity {
                context.set("aws:FederatedProvider", &web.provider);
            }
        }
    }
}

impl Access {
    /// What bounds the principal's session, read for [`crate::policy::PolicySet::session`]. `None`: nothing
    /// does. A managed policy that is not there any more allows nothing.
    ///
    /// # Errors
    /// The store fails, or what was sealed into the session is no policy.
    pub async fn session_policies(
        &self,
        principal: &Principal,
    ) -> Result<Option<Vec<LoadedPolicy>>, IamError> {
        let (Some(policies), Some(account)) = (principal.session_policies(), principal.account()) else {
            return Ok(None);
        };
        let mut loaded = Vec::new();
        if let Some(text) = &policies.inline {
            let document = Arc::new(PolicyDocument::parse(text, PolicyKind::Identity)?);
            loaded.push(LoadedPolicy { name: "session policy".to_owned(), document });
        }
        for arn in &policies.managed {
            loaded.extend(self.iam().managed_policy(account, arn).await?);
        }
        Ok(Some(loaded))
    }
}
