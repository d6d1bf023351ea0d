//! AssumeRoleWithWebIdentity: a role's session for whom an identity provider vouches.

use super::{AssumeError, Assumed, describe_tags, is_role, lifetime_of, tags_of};
use crate::policy::{self, Context, PolicySet, PrincipalFacts, PrincipalKind, ResourceFacts};
use crate::web_identity::{self, Claims, OneOrMore, Tags, TokenFault};
use crate::{
    Access, Denial, Explanation, IamError, Session, SessionPolicies, SessionRequest, SessionSubject,
    WebIdentity,
};
use names::{AccountId, Arn};

/// What AssumeRoleWithWebIdentity is asked for.
#[derive(Clone, Default)]
pub struct AssumeRoleWithWebIdentity {
    pub role_arn: String,
    pub session_name: String,
    /// A JSON Web Token; a secret as long as it holds.
    pub token: String,
    pub policies: SessionPolicies,
    pub seconds: Option<u32>,
}

/// As STS says it of a role that is not there, too.
const DENIED: &str = "Not authorized to perform sts:AssumeRoleWithWebIdentity";

impl Access {
    /// Makes a session of the role for whoever shows a token, if it is of an issuer that the role's account has a
    /// provider for and that the operator gave keys of, made for one of the provider's clients, and the role's trust
    /// policy lets the provider's identity in. Who calls needs no credentials.
    ///
    /// # Errors
    /// `Denied`, also where there is no such role; what the token is not; what is asked for cannot be; the store fails.
    pub async fn assume_role_with_web_identity(
        &self,
        asked: AssumeRoleWithWebIdentity,
        mut context: Context,
    ) -> Result<Assumed<Session>, AssumeError> {
        let arn = Arn::parse(&asked.role_arn).ok().filter(is_role);
        let account = arn.as_ref().and_then(|arn| AccountId::parse(&arn.account).ok());
        let (Some(arn), Some(account)) = (arn, account) else {
            return Err(AssumeError::Validation(format!("{} is invalid", asked.role_arn)));
        };
        let token = web_identity::read(&asked.token).map_err(|fault| refused(&fault, ""))?;
        let issuer = token.issuer().to_owned();
        // Told before the signature is looked at, as STS does: who has a token knows its issuer.
        let provider = self.iam().provider_of_issuer(&account, &issuer).await?.ok_or_else(|| {
            AssumeError::InvalidToken(format!("No OpenIDConnect provider found in your account for {issuer}"))
        })?;
        let now = self.iam().clock().now();
        let claims = self.issuers().verify(token, now).map_err(|fault| refused(&fault, &issuer))?;
        let audience = audience(&claims, &provider.client_ids)
            .ok_or_else(|| AssumeError::InvalidToken("Incorrect token audience".to_owned()))?
            .to_owned();
        let (tags, transitive) = match &claims.tags {
            None => tags_of(None, Vec::new(), Vec::new())?,
            Some(tags) => tags_of(None, given(tags)?, tags.transitive_tag_keys.clone())?,
        };

        describe(&claims, &provider.url, &audience, &mut context);
        context.set("aws:FederatedProvider", provider.arn());
        context.set("sts:RoleSessionName", &asked.session_name);
        if let Some(identity) = &claims.source_identity {
            context.set("sts:SourceIdentity", identity);
        }
        describe_tags(&tags, &transitive, &mut context);

        let denied = |explanation: Option<Explanation>| {
            let arn = Some(arn.to_string());
            let plain = Denial::plain(DENIED.to_owned(), "sts:AssumeRoleWithWebIdentity", arn);
            let explanation = explanation.unwrap_or(plain.explanation);
            AssumeError::Denied(Box::new(Denial { message: plain.message, explanation }))
        };
        let role = self.iam().role_policies(&arn).await?.ok_or_else(|| denied(None))?;
        let trust = role
            .trust
            .as_ref()
            .map(|policy| policy.named())
            .ok_or_else(|| AssumeError::from(IamError::Internal(format!("{arn} has no trust policy"))))?;
        for (key, value) in &role.identity.tags {
            context.set(&format!("aws:ResourceTag/{key}"), value);
            context.set(&format!("iam:ResourceTag/{key}"), value);
        }
        let policies = PolicySet { resource: Some(&trust), ..PolicySet::default() };
        let principal = PrincipalFacts {
            kind: PrincipalKind::WebIdentity { provider: provider.arn() },
            account: None,
            canonical_user_id: None,
        };
        let resource = ResourceFacts { arn: arn.to_string(), account: Some(account.clone()) };
        let mut actions = vec!["sts:AssumeRoleWithWebIdentity"];
        actions.extend((!tags.is_empty()).then_some("sts:TagSession"));
        actions.extend(claims.source_identity.is_some().then_some("sts:SetSourceIdentity"));
        for action in actions {
            let request = policy::Request {
                principal: &principal,
                action,
                resource: &resource,
                context: &context,
                policies: &policies,
            };
            let verdict = policy::evaluate(&request);
            if !verdict.is_allowed() {
                return Err(denied(Some(Explanation::of(&verdict, &request))));
            }
        }

        let lifetime = lifetime_of(None, asked.seconds, role.max_session_seconds)?;
        let session = Session {
            policies: self.checked_policies(&account, asked.policies).await?,
            tags,
            transitive,
            source_identity: claims.source_identity,
            web_identity: Some(WebIdentity { provider: provider.arn(), subject: claims.subject, audience }),
            ..Session::of_role(arn, &role.identity.id, asked.session_name)
        };
        let subject = SessionSubject::Role(Box::new(session.clone()));
        let credentials = self.session(SessionRequest { account, subject, lifetime })?;
        Ok(Assumed { session, credentials })
    }
}

/// In STS's words.
fn refused(fault: &TokenFault, issuer: &str) -> AssumeError {
    match fault {
        TokenFault::Malformed => AssumeError::InvalidToken(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
                .to_owned(),
        ),
        TokenFault::NoKey => AssumeError::InvalidToken(format!(
            "Couldn't retrieve verification key from your identity provider: no key of {issuer} that is configured \
             here is the one that the token names"
        )),
        TokenFault::Signature => {
            AssumeError::InvalidToken("The signature of the token cannot be verified".to_owned())
        }
        TokenFault::Expired(at) => {
            AssumeError::ExpiredToken(format!("Token expired: it was valid until {at}"))
        }
        TokenFault::Early => AssumeError::InvalidToken("The token is not valid yet".to_owned()),
    }
}

/// The one of the provider's clients that the token was made for: whom it was given to, where it says so, else one of
/// its audiences.
fn audience<'a>(claims: &'a Claims, clients: &[String]) -> Option<&'a str> {
    let asked = match &claims.authorized {
        Some(authorized) => std::slice::from_ref(authorized),
        None => claims.audience.as_slice(),
    };
    asked.iter().find(|audience| clients.contains(audience)).map(String::as_str)
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif>
fn describe(claims: &Claims, provider: &str, audience: &str, context: &mut Context) {
    context.set(&format!("{provider}:aud"), audience);
    context.set(&format!("{provider}:sub"), &claims.subject);
    if claims.authorized.is_some() {
        context.set_all(&format!("{provider}:oaud"), claims.audience.as_slice());
    }
    if let Some(methods) = &claims.methods {
        context.set_all(&format!("{provider}:amr"), methods.as_slice());
    }
    if let Some(email) = &claims.email {
        context.set(&format!("{provider}:email"), email);
    }
}

fn given(tags: &Tags) -> Result<Vec<(String, String)>, AssumeError> {
    let one = |(key, values): (&String, &OneOrMore)| match values.as_slice() {
        [value] => Ok((key.clone(), value.clone())),
        _ => Err(AssumeError::InvalidToken(format!("The session tag {key} must have one value"))),
    };
    tags.principal_tags.iter().map(one).collect()
}

#[cfg(test)]
mod tests;
