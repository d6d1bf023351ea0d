use super::*;
use crate::iam::NewRole;
use crate::{MasterKey, Owner};
use clock::Clock;
use kv::Kv;

const ALICE: &str = "arn:aws:iam::000000000000:user/alice";

struct World {
    access: Access,
    clock: Clock,
}

impl World {
    async fn new() -> Self {
        let clock = Clock::real();
        let (access, _) =
            Access::open(&Kv::memory(), clock.clone(), &MasterKey::ephemeral(&clock), &[]).await.unwrap();
        World { access, clock }
    }

    /// A role whom `statement` may assume.
    async fn role(&self, name: &str, statement: &str) -> String {
        let trust_policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let new = NewRole { name: name.to_owned(), trust_policy, ..NewRole::default() };
        self.access.iam().create_role(AccountId::root(), new).await.unwrap().identity.arn()
    }

    async fn assume(&self, principal: &Principal, asked: AssumeRole) -> Result<Principal, AssumeError> {
        let made = self.access.assume_role(principal, asked, Context::new()).await?;
        let credentials = made.credentials;
        let token = credentials.session_token.expose();
        let found = self.access.credential(&credentials.access_key_id, Some(token), self.clock.now());
        Ok(found.unwrap().principal)
    }

    async fn alice(&self) -> Principal {
        let user = crate::iam::NewUser { name: "alice".to_owned(), ..Default::default() };
        let made = self.access.iam().create_user(AccountId::root(), user).await.unwrap();
        let identity = made.identity;
        let user = IamUser { name: identity.name, path: identity.path, id: identity.id };
        Principal::User { owner: owner(), user: Box::new(user) }
    }
}

fn owner() -> Owner {
    let account = AccountId::root();
    Owner { account, canonical_user_id: "c".repeat(64), display_name: "root".to_owned() }
}

fn asked(role_arn: &str) -> AssumeRole {
    AssumeRole { role_arn: role_arn.to_owned(), session_name: "work".to_owned(), ..AssumeRole::default() }
}

fn trusting(who: &str, actions: &str) -> String {
    format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"{who}"}},"Action":[{actions}]}}"#)
}

fn is_denied<T: std::fmt::Debug>(result: Result<T, AssumeError>, naming: &str) {
    match result {
        Err(AssumeError::Denied(denial)) => assert!(denial.message.contains(naming), "{denial:?}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_whom_a_role_trusts_may_assume_it() {
    let world = World::new().await;
    let alice = world.alice().await;
    let named = world.role("named", &trusting(ALICE, r#""sts:AssumeRole""#)).await;
    let account = world.role("account", &trusting("000000000000", r#""sts:AssumeRole""#)).await;
    let service =
        r#"{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}"#;
    let service = world.role("service", service).await;

    let session = world.assume(&alice, asked(&named)).await.unwrap();
    assert_eq!(session.arn(), "arn:aws:sts::000000000000:assumed-role/named/work");
    is_denied(world.assume(&alice, asked(&account)).await, "identity-based policy allows the sts:AssumeRole");
    is_denied(world.assume(&alice, asked(&service)).await, "role trust policy allows the sts:AssumeRole");
    let nobody = "arn:aws:iam::000000000000:role/nobody";
    is_denied(world.assume(&alice, asked(nobody)).await, "not authorized to perform: sts:AssumeRole");

    let root = Principal::Root(owner());
    assert!(world.assume(&root, asked(&account)).await.is_ok());
    is_denied(world.assume(&root, asked(&service)).await, "role trust policy");
    for wrong in ["x", "arn:aws:iam::000000000000:user/alice", "arn:aws:s3:::role/x"] {
        assert!(
            matches!(world.assume(&root, asked(wrong)).await, Err(AssumeError::Validation(_))),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn an_external_id_is_compared() {
    let world = World::new().await;
    let alice = world.alice().await;
    let trust = trusting(ALICE, r#""sts:AssumeRole""#);
    let condition = r#","Condition":{"StringEquals":{"sts:ExternalId":"secret"}}}"#;
    let role = world.role("external", &trust.replace(r#"]}"#, &format!("]{condition}"))).await;
    is_denied(world.assume(&alice, asked(&role)).await, "sts:AssumeRole");
    let with = |id: &str| AssumeRole { external_id: Some(id.to_owned()), ..asked(&role) };
    is_denied(world.assume(&alice, with("guess")).await, "sts:AssumeRole");
    assert!(world.assume(&alice, with("secret")).await.is_ok());
}

#[tokio::test]
async fn tags_and_the_source_identity_need_permission_and_go_along() {
    let world = World::new().await;
    let alice = world.alice().await;
    let all = r#""sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity""#;
    let plain = world.role("plain", &trusting(ALICE, r#""sts:AssumeRole""#)).await;
    let first = world.role("first", &trusting(ALICE, all)).await;
    let session_arn = "arn:aws:sts::000000000000:assumed-role/first/work";
    let second = world.role("second", &trusting(session_arn, all)).await;
    let tagged = |role: &str| AssumeRole {
        tags: vec![("Team".to_owned(), "a".to_owned()), ("Stage".to_owned(), "b".to_owned())],
        transitive: vec!["team".to_owned()],
        ..asked(role)
    };
    let named = |role: &str, who: &str| AssumeRole { source_identity: Some(who.to_owned()), ..asked(role) };
    is_denied(world.assume(&alice, tagged(&plain)).await, "sts:TagSession");
    is_denied(world.assume(&alice, named(&plain, "ann")).await, "sts:SetSourceIdentity");

    let both = AssumeRole { source_identity: Some("ann".to_owned()), ..tagged(&first) };
    let session = world.assume(&alice, both).await.unwrap();
    let chained = world.assume(&session, asked(&second)).await.unwrap();
    let Principal::Session { session: chained, .. } = &chained else { panic!("{chained:?}") };
    assert_eq!(chained.tags, BTreeMap::from([("Team".to_owned(), "a".to_owned())]));
    assert_eq!(chained.source_identity.as_deref(), Some("ann"));
    is_denied(world.assume(&session, named(&second, "bob")).await, "cannot be changed");
    let again = AssumeRole { tags: vec![("TEAM".to_owned(), "z".to_owned())], ..asked(&second) };
    assert!(matches!(world.assume(&session, again).await, Err(AssumeError::InvalidParameter(_))));
    let stray = AssumeRole { transitive: vec!["x".to_owned()], ..asked(&first) };
    assert!(matches!(world.assume(&alice, stray).await, Err(AssumeError::InvalidParameter(_))));
}

#[tokio::test]
async fn sessions_last_as_long_as_the_role_lets_them() {
    let world = World::new().await;
    let alice = world.alice().await;
    let role = world.role("short", &trusting(ALICE, r#""sts:AssumeRole""#)).await;
    let session_arn = "arn:aws:sts::000000000000:assumed-role/short/work";
    let next = world.role("next", &trusting(session_arn, r#""sts:AssumeRole""#)).await;
    world.access.iam().update_role(AccountId::root(), "next".to_owned(), None, Some(43_200)).await.unwrap();
    let lasting = |role: &str, seconds| AssumeRole { seconds: Some(seconds), ..asked(role) };
    let refused = |result: Result<Principal, AssumeError>, naming: &str| match result {
        Err(AssumeError::Validation(message)) => assert!(message.contains(naming), "{message}"),
        other => panic!("{other:?}"),
    };
    refused(world.assume(&alice, lasting(&role, 3_601)).await, "MaxSessionDuration");
    let session = world.assume(&alice, lasting(&role, 900)).await.unwrap();
    let validity = session.validity().unwrap();
    assert_eq!(validity.expires, validity.issued + Duration::from_secs(900));
    refused(world.assume(&session, lasting(&next, 3_601)).await, "role chaining");
    assert!(world.assume(&session, lasting(&next, 3_600)).await.is_ok());
}

#[tokio::test]
async fn tokens_are_for_long_lived_keys_alone() {
    let world = World::new().await;
    let (alice, root) = (world.alice().await, Principal::Root(owner()));
    let access = &world.access;
    let open = |credentials: &SessionCredentials| {
        let token = Some(credentials.session_token.expose());
        access.credential(&credentials.access_key_id, token, world.clock.now()).unwrap().principal
    };
    let token = open(&access.get_session_token(&alice, None).unwrap());
    assert_eq!((token.arn(), token.user_id()), (alice.arn(), alice.user_id()));
    let of_root = open(&access.get_session_token(&root, Some(43_200)).unwrap());
    let validity = of_root.validity().unwrap();
    assert_eq!(validity.expires, validity.issued + Duration::from_secs(3_600));

    let bob = NewFederated { name: "bob".to_owned(), ..NewFederated::default() };
    let made = access.get_federation_token(&alice, bob.clone()).await.unwrap();
    let federated = open(&made.credentials);
    assert_eq!(federated.arn(), "arn:aws:sts::000000000000:federated-user/bob");
    // Without a policy of its own, a federated user is bounded by nothing at all being allowed.
    assert!(access.session_policies(&federated).await.unwrap().is_some_and(|policies| policies.is_empty()));
    for temporary in [&token, &of_root, &federated] {
        is_denied(access.get_session_token(temporary, None), "session credentials");
        is_denied(access.get_federation_token(temporary, bob.clone()).await, "session credentials");
    }
    is_denied(world.assume(&federated, asked("arn:aws:iam::000000000000:role/x")).await, "federated");
}

#[tokio::test]
async fn session_policies_are_checked() {
    let world = World::new().await;
    let alice = world.alice().await;
    let role = world.role("bounded", &trusting(ALICE, r#""sts:AssumeRole""#)).await;
    let with = |inline: Option<&str>, managed: &[&str]| AssumeRole {
        policies: SessionPolicies {
            inline: inline.map(str::to_owned),
            managed: managed.iter().map(|arn| (*arn).to_owned()).collect(),
        },
        ..asked(&role)
    };
    let text = r#"{ "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}] }"#;
    let session =
        world.assume(&alice, with(Some(text), &["arn:aws:iam::aws:policy/AmazonS3FullAccess"])).await;
    let loaded = world.access.session_policies(&session.unwrap()).await.unwrap();
    assert_eq!(loaded.map(|policies| policies.len()), Some(2));
    let malformed = world.assume(&alice, with(Some("{}"), &[])).await;
    assert!(matches!(malformed, Err(AssumeError::MalformedPolicy(_))), "{malformed:?}");
    let missing = world.assume(&alice, with(None, &["arn:aws:iam::000000000000:policy/none"])).await;
    assert!(matches!(missing, Err(AssumeError::Validation(_))), "{missing:?}");
}

#[tokio::test]
async fn a_role_trusts_whom_it_meant_and_no_namesake() {
    let world = World::new().await;
    let iam = world.access.iam();
    let trust = trusting(ALICE, r#""sts:AssumeRole""#);
    let alice = world.alice().await;
    let role = world.role("trusting", &trust).await;
    let text = async || iam.get_role(AccountId::root(), "trusting".to_owned()).await.unwrap().trust_policy;
    assert!(text().await.contains(ALICE));
    world.assume(&alice, asked(&role)).await.unwrap();

    let renamed = |name: &str| (Some(name.to_owned()), Some("/staff/".to_owned()));
    let (name, path) = renamed("alice.b");
    iam.update_user(AccountId::root(), "alice".to_owned(), name, path).await.unwrap();
    assert!(text().await.contains(r#""arn:aws:iam::000000000000:user/staff/alice.b""#));
    world.assume(&alice, asked(&role)).await.unwrap();

    iam.delete_user(AccountId::root(), "alice.b".to_owned()).await.unwrap();
    let Principal::User { user, .. } = &alice else { panic!("{alice:?}") };
    assert!(text().await.contains(&format!(r#""{}""#, user.id)), "{}", text().await);
    let namesake = world.alice().await;
    is_denied(world.assume(&namesake, asked(&role)).await, "sts:AssumeRole");
    assert!(!text().await.contains(ALICE));

    let again = format!(r#"{{"Version":"2012-10-17","Statement":[{trust}]}}"#);
    iam.update_assume_role_policy(AccountId::root(), "trusting".to_owned(), again).await.unwrap();
    world.assume(&namesake, asked(&role)).await.unwrap();
}

#[tokio::test]
async fn a_role_cannot_trust_who_is_not_there() {
    let world = World::new().await;
    for nobody in [
        ALICE,
        "arn:aws:iam::000000000000:role/nobody",
        "arn:aws:iam::999999999999:user/alice",
        "AIDAAAAAAAAAAAAAAAAAA",
    ] {
        let trust = trusting(nobody, r#""sts:AssumeRole""#);
        let trust_policy = format!(r#"{{"Version":"2012-10-17","Statement":[{trust}]}}"#);
        let new = NewRole { name: "trusting".to_owned(), trust_policy, ..NewRole::default() };
        let refused = world.access.iam().create_role(AccountId::root(), new).await.unwrap_err();
        assert_eq!(refused.to_string(), format!(r#"Invalid principal in policy: "AWS":"{nobody}""#));
    }
    for known in ["000000000000", "arn:aws:iam::000000000000:root", "*"] {
        world.role(&format!("r{}", known.len()), &trusting(known, r#""sts:AssumeRole""#)).await;
    }
}
