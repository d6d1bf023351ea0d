use super::*;
use crate::iam::{NewOidcProvider, NewRole};
use crate::web_identity::testing::Signer;
use crate::{Issuers, MasterKey, Principal};
use clock::{Clock, Timestamp};
use kv::Kv;
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_000;
const ISSUER: &str = "https://token.ci.example/org";
const HOST: &str = "token.ci.example/org";
const ROLE: &str = "arn:aws:iam::000000000000:role/deploy";

struct World {
    access: Access,
    clock: Clock,
    signer: Signer,
}

/// A role that trusts `repo:org/app:*` of the issuer.
fn trust(actions: Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Federated": format!("arn:aws:iam::000000000000:oidc-provider/{HOST}")},
        "Action": actions,
        "Condition": {
            "StringEquals": {format!("{HOST}:aud"): "sts.amazonaws.com"},
            "StringLike": {format!("{HOST}:sub"): "repo:org/app:*"},
        },
    }]})
    .to_string()
}

impl World {
    async fn new(actions: Value) -> World {
        let (kv, clock) = (Kv::memory(), Clock::simulated(Timestamp::from_seconds(NOW), 7));
        let (access, _) = Access::open(&kv, clock.clone(), &MasterKey::ephemeral(&clock), &[]).await.unwrap();
        let signer = Signer::new();
        let mut issuers = Issuers::default();
        issuers.add(ISSUER, &signer.keys()).unwrap();
        access.set_issuers(issuers);
        let new = NewOidcProvider {
            url: ISSUER.to_owned(),
            client_ids: vec!["sts.amazonaws.com".to_owned(), "other".to_owned()],
            ..NewOidcProvider::default()
        };
        access.iam().create_oidc_provider(AccountId::root(), new).await.unwrap();
        let new = NewRole { name: "deploy".to_owned(), trust_policy: trust(actions), ..NewRole::default() };
        access.iam().create_role(AccountId::root(), new).await.unwrap();
        World { access, clock, signer }
    }

    async fn ask_role(&self, role: &str, claims: Value) -> Result<Assumed<Session>, AssumeError> {
        let asked = AssumeRoleWithWebIdentity {
            role_arn: role.to_owned(),
            session_name: "run-1".to_owned(),
            token: self.signer.es256(&claims),
            ..AssumeRoleWithWebIdentity::default()
        };
        self.access.assume_role_with_web_identity(asked, Context::new()).await
    }

    async fn ask(&self, change: Value) -> Result<Assumed<Session>, AssumeError> {
        let mut claims = json!({
            "iss": ISSUER, "sub": "repo:org/app:ref:refs/heads/main", "aud": "sts.amazonaws.com",
            "iat": NOW, "exp": NOW + 300,
        });
        for (key, value) in change.as_object().unwrap() {
            claims[key] = value.clone();
        }
        self.ask_role(ROLE, claims).await
    }
}

#[tokio::test]
async fn whom_the_role_trusts_acts_in_it() {
    let world = World::new(json!("sts:AssumeRoleWithWebIdentity")).await;
    let made = world.ask(json!({})).await.unwrap();
    let key = &made.credentials.access_key_id;
    let token = made.credentials.session_token.expose();
    let found = world.access.credential(key, Some(token), world.clock.now()).unwrap().principal;
    assert_eq!(found.arn(), "arn:aws:sts::000000000000:assumed-role/deploy/run-1");
    let Principal::Session { session, .. } = &found else { panic!("{found:?}") };
    let web = session.web_identity.as_ref().unwrap();
    assert_eq!(web.subject, "repo:org/app:ref:refs/heads/main");
    assert_eq!(
        (web.audience.as_str(), web.provider.as_str()),
        ("sts.amazonaws.com", "arn:aws:iam::000000000000:oidc-provider/token.ci.example/org",)
    );
    // Of several audiences the client's; but to whom it was given stands above them.
    world.ask(json!({"aud": ["x", "sts.amazonaws.com"]})).await.unwrap();
    world.ask(json!({"aud": "x", "azp": "sts.amazonaws.com"})).await.unwrap();
    assert!(matches!(world.ask(json!({"azp": "x"})).await, Err(AssumeError::InvalidToken(_))));
}

#[tokio::test]
async fn whom_it_does_not_trust_is_told_little() {
    let world = World::new(json!("sts:AssumeRoleWithWebIdentity")).await;
    let denied = |result: Result<Assumed<Session>, AssumeError>| {
        let error = result.map(|made| made.session).unwrap_err();
        assert!(matches!(&error, AssumeError::Denied(denial) if denial.message == DENIED), "{error:?}");
    };
    denied(world.ask(json!({"sub": "repo:org/other:ref:x"})).await);
    denied(world.ask(json!({"aud": "other"})).await);
    let claims = json!({"iss": ISSUER, "sub": "repo:org/app:x", "aud": "sts.amazonaws.com", "iat": NOW, "exp": NOW + 9});
    denied(world.ask_role("arn:aws:iam::000000000000:role/none", claims.clone()).await);
    let invalid = |result: Result<Assumed<Session>, AssumeError>, why: &str| {
        let error = result.map(|made| made.session).unwrap_err();
        assert!(matches!(&error, AssumeError::InvalidToken(said) if said.contains(why)), "{error:?}");
    };
    // Another account has no provider of the name.
    invalid(
        world.ask_role("arn:aws:iam::111111111111:role/deploy", claims).await,
        "No OpenIDConnect provider",
    );
    invalid(world.ask(json!({"iss": "https://token.ci.example"})).await, "No OpenIDConnect provider");
    invalid(world.ask(json!({"iss": "http://token.ci.example/org"})).await, "No OpenIDConnect provider");
    invalid(world.ask(json!({"aud": "nobody"})).await, "audience");
    assert!(matches!(world.ask(json!({"exp": NOW})).await, Err(AssumeError::ExpiredToken(_))));
    assert!(matches!(world.ask_role("deploy", json!({})).await, Err(AssumeError::Validation(_))));
    // Without the operator's keys nobody can vouch.
    world.access.set_issuers(Issuers::default());
    invalid(world.ask(json!({})).await, "verification key");
}

#[tokio::test]
async fn tags_and_a_source_identity_come_with_the_token_if_the_role_lets_them() {
    let claims = json!({
        "https://aws.amazon.com/tags": {
            "principal_tags": {"Team": ["blue"], "Env": ["test"]}, "transitive_tag_keys": ["Team"],
        },
        "https://aws.amazon.com/source_identity": "ann",
    });
    let world = World::new(json!("sts:AssumeRoleWithWebIdentity")).await;
    assert!(matches!(world.ask(claims.clone()).await, Err(AssumeError::Denied(_))));
    let world =
        World::new(json!(["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"])).await;
    let session = world.ask(claims).await.unwrap().session;
    assert_eq!(session.tags.get("Team").map(String::as_str), Some("blue"));
    assert_eq!(session.transitive.iter().collect::<Vec<_>>(), ["Team"]);
    assert_eq!(session.source_identity.as_deref(), Some("ann"));
    let two = json!({"https://aws.amazon.com/tags": {"principal_tags": {"Team": ["blue", "red"]}}});
    assert!(matches!(world.ask(two).await, Err(AssumeError::InvalidToken(_))));
}

#[tokio::test]
async fn a_session_lasts_no_longer_than_the_role_lets_it() {
    let world = World::new(json!("sts:AssumeRoleWithWebIdentity")).await;
    let claims = json!({"iss": ISSUER, "sub": "repo:org/app:x", "aud": "sts.amazonaws.com", "iat": NOW, "exp": NOW + 9});
    let asked = |seconds| AssumeRoleWithWebIdentity {
        role_arn: ROLE.to_owned(),
        session_name: "run-1".to_owned(),
        token: world.signer.es256(&claims),
        seconds: Some(seconds),
        ..AssumeRoleWithWebIdentity::default()
    };
    let made = world.access.assume_role_with_web_identity(asked(900), Context::new()).await.unwrap();
    assert_eq!(made.credentials.expires, Timestamp::from_seconds(NOW + 900));
    let long = world.access.assume_role_with_web_identity(asked(7200), Context::new()).await;
    assert!(matches!(long, Err(AssumeError::Validation(_))));
}
