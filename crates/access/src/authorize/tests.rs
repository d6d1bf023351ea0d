use super::*;
use crate::iam::{NewRole, NewUser, Role, User};
use crate::policy::{PolicyDocument, PolicyKind};
use crate::{Guardrails, IamUser, Owner, Session, SessionPolicies, Validity};
use clock::Clock;
use kv::Kv;
use std::sync::Arc;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"lambda.amazonaws.com"}}]}"#;

struct World {
    access: Access,
}

fn owner(account: &str) -> Owner {
    Owner {
        account: AccountId::parse(account).unwrap(),
        canonical_user_id: "c".repeat(64),
        display_name: "someone".to_owned(),
    }
}

fn mine() -> Owner {
    owner("000000000000")
}

fn photos(key: &str, account: &str) -> Resource {
    Resource::owned_by(Arn::s3(format!("photos/{key}")), AccountId::parse(account).ok())
}

fn reading(resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:GetObject","Resource":"{resource}"}}]}}"#
    )
}

impl World {
    async fn new() -> World {
        let (kv, clock) = (Kv::memory(), Clock::simulated(Timestamp::from_seconds(1_700_000_000), 7));
        let master = crate::MasterKey::ephemeral(&clock);
        let (access, _) = Access::open(&kv, clock, &master, &[]).await.unwrap();
        World { access }
    }

    async fn user(&self, name: &str) -> Principal {
        let new = NewUser { name: name.to_owned(), ..NewUser::default() };
        let user = self.access.iam().create_user(mine().account, new).await.unwrap();
        let user = IamUser { name: name.to_owned(), path: "/".to_owned(), id: user.identity.id };
        Principal::User { owner: mine(), user: Box::new(user) }
    }

    /// The role's unique id.
    async fn role(&self, name: &str, trust: &str) -> String {
        let new = NewRole { name: name.to_owned(), trust_policy: trust.to_owned(), ..NewRole::default() };
        self.access.iam().create_role(mine().account, new).await.unwrap().identity.id
    }

    async fn ask(&self, principal: &Principal, action: &str, resources: &[Resource]) -> Result<(), String> {
        self.ask_shared(principal, action, resources, &[]).await
    }

    async fn ask_shared(
        &self,
        principal: &Principal,
        action: &str,
        resources: &[Resource],
        shared: &[Option<LoadedPolicy>],
    ) -> Result<(), String> {
        let region = Region::parse("us-east-1").unwrap();
        let sent = Sent {
            at: Timestamp::from_seconds(1_700_000_000),
            source_ip: IpAddr::from([127, 0, 0, 1]),
            user_agent: "test",
            region: &region,
        };
        let context = Context::new();
        let asked = Asked { principal, action, resources, sent: &sent, context, shared };
        match self.access.authorize(asked).await.unwrap() {
            Decision::Allow { .. } => Ok(()),
            Decision::Deny(denial) => Err(denial.message),
        }
    }
}

fn in_role(role: &str, id: &str, policies: SessionPolicies, function: bool) -> Principal {
    let role = Arn::parse(&format!("arn:aws:iam::000000000000:role/{role}")).unwrap();
    let thumb = Arn::parse("arn:aws:lambda:us-east-1:000000000000:function:thumb").unwrap();
    let function_arn = function.then_some(thumb);
    let session = Session { policies, function_arn, ..Session::of_role(role, id, "thumb") };
    let (issued, expires) = (Timestamp::EPOCH, Timestamp::from_seconds(2_000_000_000));
    Principal::Session { owner: mine(), session: Box::new(session), validity: Validity { issued, expires } }
}

#[tokio::test]
async fn root_may_do_everything_in_its_own_account_and_nothing_outside() {
    let world = World::new().await;
    let root = Principal::Root(mine());
    world.ask(&root, "s3:GetObject", &[photos("a", "000000000000")]).await.unwrap();
    let unowned = Resource::owned_by(Arn::s3("photos"), None);
    world.ask(&root, "s3:CreateBucket", &[unowned]).await.unwrap();
    let both = [photos("a", "000000000000"), photos("b", "222222222222")];
    let denied = world.ask(&root, "s3:GetObject", &both).await.unwrap_err();
    assert_eq!(
        denied,
        "User: arn:aws:iam::000000000000:root is not authorized to perform: s3:GetObject on resource: \
         arn:aws:s3:::photos/b because no resource-based policy allows the s3:GetObject action"
    );
    world.ask(&root, "s3:GetObject", &[]).await.unwrap_err();
    world.ask(&Principal::Anonymous, "s3:GetObject", &[photos("a", "000000000000")]).await.unwrap_err();
    world.ask(&Principal::Anonymous, "sts:GetCallerIdentity", &[]).await.unwrap_err();
}

#[tokio::test]
async fn a_user_may_do_what_its_policies_say_from_the_moment_they_do() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let (inside, beside) = ([photos("a/1", "000000000000")], [photos("b/1", "000000000000")]);
    let denied = world.ask(&ann, "s3:GetObject", &inside).await.unwrap_err();
    assert_eq!(
        denied,
        "User: arn:aws:iam::000000000000:user/ann is not authorized to perform: s3:GetObject on resource: \
         arn:aws:s3:::photos/a/1 because no identity-based policy allows the s3:GetObject action"
    );
    let iam = world.access.iam();
    let put =
        |text: String| iam.put_policy::<User>(mine().account, "ann".to_owned(), "read".to_owned(), text);
    put(reading("arn:aws:s3:::photos/a/*")).await.unwrap();
    world.ask(&ann, "s3:GetObject", &inside).await.unwrap();
    world.ask(&ann, "s3:GetObject", &beside).await.unwrap_err();
    world.ask(&ann, "s3:PutObject", &inside).await.unwrap_err();
    world.ask(&ann, "s3:GetObject", &[inside, beside].concat()).await.unwrap_err();
    world.ask(&ann, "s3:GetObject", &[photos("a/1", "222222222222")]).await.unwrap_err();
    put(reading("arn:aws:s3:::photos/${aws:username}/*")).await.unwrap();
    world.ask(&ann, "s3:GetObject", &[photos("ann/1", "000000000000")]).await.unwrap();
    world.ask(&ann, "s3:GetObject", &[photos("a/1", "000000000000")]).await.unwrap_err();
    // Who may do nothing may still ask who they are.
    world.ask(&ann, "sts:GetCallerIdentity", &[]).await.unwrap();
    iam.delete_inline_policy::<User>(mine().account, "ann".to_owned(), "read".to_owned()).await.unwrap();
    iam.delete_user(mine().account, "ann".to_owned()).await.unwrap();
    world.ask(&ann, "s3:GetObject", &[photos("ann/1", "000000000000")]).await.unwrap_err();
}

#[tokio::test]
async fn a_session_is_bounded_by_its_role_and_its_own_policies() {
    let world = World::new().await;
    let own = [photos("a/1", "000000000000")];
    // There is nothing to say what a role may that never was.
    for function in [true, false] {
        let never = in_role("photos", "AROA00000000000000000", SessionPolicies::default(), function);
        world.ask(&never, "s3:GetObject", &own).await.unwrap_err();
    }

    let id = world.role("photos", TRUST).await;
    let whole = |function| in_role("photos", &id, SessionPolicies::default(), function);
    world.ask(&whole(true), "s3:GetObject", &own).await.unwrap_err();
    let iam = world.access.iam();
    let text = reading("arn:aws:s3:::photos/*");
    iam.put_policy::<Role>(mine().account, "photos".to_owned(), "read".to_owned(), text).await.unwrap();
    for function in [true, false] {
        world.ask(&whole(function), "s3:GetObject", &own).await.unwrap();
        world.ask(&whole(function), "s3:GetObject", &[photos("a/1", "222222222222")]).await.unwrap_err();
    }
    let less = SessionPolicies { inline: Some(reading("arn:aws:s3:::photos/b/*")), managed: Vec::new() };
    let less = in_role("photos", &id, less, false);
    let denied = world.ask(&less, "s3:GetObject", &own).await.unwrap_err();
    assert!(denied.ends_with("because no session policy allows the s3:GetObject action"), "{denied}");
    world.ask(&less, "s3:GetObject", &[photos("b/1", "000000000000")]).await.unwrap();
    let iam = world.access.iam();
    iam.delete_inline_policy::<Role>(mine().account, "photos".to_owned(), "read".to_owned()).await.unwrap();
    iam.delete_role(mine().account, "photos".to_owned()).await.unwrap();
    world.ask(&whole(true), "s3:GetObject", &own).await.unwrap_err();
    let gone = "arn:aws:iam::000000000000:policy/gone".to_owned();
    let gone = SessionPolicies { inline: None, managed: vec![gone] };
    world.ask(&in_role("photos", &id, gone, false), "s3:GetObject", &own).await.unwrap_err();
}

#[tokio::test]
async fn temporary_credentials_of_a_user_are_for_little_of_iam() {
    let world = World::new().await;
    let (issued, expires) = (Timestamp::EPOCH, Timestamp::from_seconds(2_000_000_000));
    let token = Principal::Token { owner: mine(), user: None, validity: Validity { issued, expires } };
    world.ask(&token, "s3:GetObject", &[photos("a", "000000000000")]).await.unwrap();
    let role = Resource::new(Arn::parse("arn:aws:iam::000000000000:role/photos").unwrap());
    world.ask(&token, "iam:GetRole", std::slice::from_ref(&role)).await.unwrap_err();
    world.ask(&token, "sts:AssumeRole", &[role]).await.unwrap();
}

#[tokio::test]
async fn a_role_trusts_whom_it_names() {
    let world = World::new().await;
    let arn = Arn::parse("arn:aws:iam::000000000000:role/photos").unwrap();
    let trusts = async |service| world.access.trusts_service(&arn, service).await.unwrap();
    assert!(!trusts("lambda.amazonaws.com").await);
    world.role("photos", TRUST).await;
    assert!(trusts("lambda.amazonaws.com").await);
    assert!(!trusts("s3.amazonaws.com").await);
}

fn policy(text: &str, kind: PolicyKind) -> LoadedPolicy {
    LoadedPolicy { name: "test".to_owned(), document: Arc::new(PolicyDocument::parse(text, kind).unwrap()) }
}

#[tokio::test]
async fn between_accounts_both_sides_must_allow_and_inside_one_either() {
    let world = World::new().await;
    let (ann, root) = (world.user("ann").await, Principal::Root(mine()));
    let function = |account: &str| {
        let arn = format!("arn:aws:lambda:us-east-1:{account}:function:thumb");
        [Resource::new(Arn::parse(&arn).unwrap())]
    };
    let (own, theirs) = (function("000000000000"), function("222222222222"));
    let sharing = |principal: &str| {
        let text = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"lambda:InvokeFunction","Resource":"*"}}]}}"#
        );
        [Some(policy(&text, PolicyKind::Resource))]
    };
    let account = sharing(r#"{"AWS":"000000000000"}"#);
    let user = sharing(r#"{"AWS":"arn:aws:iam::000000000000:user/ann"}"#);
    let everyone = sharing(r#""*""#);
    let stranger = sharing(r#"{"AWS":"333333333333"}"#);
    let invoke = "lambda:InvokeFunction";

    // Root's own side is always there; a user's is what its policies say.
    world.ask_shared(&root, invoke, &theirs, &account).await.unwrap();
    world.ask_shared(&root, invoke, &theirs, &everyone).await.unwrap();
    for shared in [&stranger, &user] {
        world.ask_shared(&root, invoke, &theirs, shared).await.unwrap_err();
    }
    for shared in [&account, &user, &everyone] {
        let denied = world.ask_shared(&ann, invoke, &theirs, shared).await.unwrap_err();
        assert!(
            denied.ends_with("no identity-based policy allows the lambda:InvokeFunction action"),
            "{denied}"
        );
    }
    // Inside one account naming the user, or everyone, is enough; naming the account leaves it to the user's own.
    world.ask_shared(&ann, invoke, &own, &user).await.unwrap();
    world.ask_shared(&ann, invoke, &own, &everyone).await.unwrap();
    world.ask_shared(&ann, invoke, &own, &account).await.unwrap_err();

    let text = r#"{"Statement":[{"Effect":"Allow","Action":"lambda:*","Resource":"*"}]}"#.to_owned();
    let iam = world.access.iam();
    iam.put_policy::<User>(mine().account, "ann".to_owned(), "all".to_owned(), text).await.unwrap();
    for shared in [&account, &user, &everyone] {
        world.ask_shared(&ann, invoke, &theirs, shared).await.unwrap();
        world.ask_shared(&ann, "lambda:DeleteFunction", &theirs, shared).await.unwrap_err();
    }
    world.ask_shared(&ann, invoke, &theirs, &stranger).await.unwrap_err();
    world.ask(&ann, invoke, &theirs).await.unwrap_err();
    // Of two resources each needs its own.
    let both = [own, theirs].concat();
    world.ask_shared(&ann, invoke, &both, &[None, account[0].clone()]).await.unwrap();
    world.ask_shared(&ann, invoke, &both, &account).await.unwrap_err();
    let function = in_role("never", "AROA00000000000000000", SessionPolicies::default(), true);
    world.ask_shared(&function, invoke, &both[1..], &everyone).await.unwrap_err();
}

#[tokio::test]
async fn guardrails_bind_everyone_of_an_account() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let text = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#.to_owned();
    world
        .access
        .iam()
        .put_policy::<User>(mine().account, "ann".to_owned(), "all".to_owned(), text)
        .await
        .unwrap();
    let id = world
        .role("made", &TRUST.replace("Service", "AWS").replace("lambda.amazonaws.com", "000000000000"))
        .await;
    let text = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#.to_owned();
    world
        .access
        .iam()
        .put_policy::<Role>(mine().account, "made".to_owned(), "all".to_owned(), text)
        .await
        .unwrap();
    let session = in_role("made", &id, SessionPolicies::default(), false);
    let function = in_role("made", &id, SessionPolicies::default(), true);
    let all = [Principal::Root(mine()), ann, session, function];
    let own = [photos("a", "000000000000")];
    let check = async |action: &str, allowed: bool| {
        for principal in &all {
            let said = world.ask(principal, action, &own).await;
            assert_eq!(said.is_ok(), allowed, "{} {action}: {said:?}", principal.arn());
        }
    };
    check("s3:DeleteObject", true).await;

    let deny = |action: &str| {
        let text = format!(r#"{{"Statement":[{{"Effect":"Deny","Action":"{action}","Resource":"*"}}]}}"#);
        policy(&text, PolicyKind::Guardrail)
    };
    let account = |id: &str| AccountId::parse(id).unwrap();
    let set = |everyone: Vec<LoadedPolicy>, of: &str, own: Vec<LoadedPolicy>| {
        world.access.set_guardrails(Guardrails::new(everyone, [(account(of), own)]).unwrap());
    };
    // Policies that only forbid leave all else as it was.
    set(vec![deny("s3:DeleteObject")], "000000000000", Vec::new());
    check("s3:DeleteObject", false).await;
    check("s3:GetObject", true).await;
    let denied = world.ask(&all[0], "s3:DeleteObject", &own).await.unwrap_err();
    assert!(denied.ends_with("with an explicit deny in a service control policy"), "{denied}");
    set(Vec::new(), "000000000000", vec![deny("s3:DeleteObject")]);
    check("s3:DeleteObject", false).await;
    set(Vec::new(), "222222222222", vec![deny("s3:DeleteObject")]);
    check("s3:DeleteObject", true).await;
    // With one that allows, nothing else is; and both levels must.
    let only_s3 = r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    set(vec![policy(only_s3, PolicyKind::Guardrail)], "000000000000", vec![deny("s3:PutObject")]);
    check("s3:GetObject", true).await;
    check("s3:PutObject", false).await;
    check("lambda:InvokeFunction", false).await;
    let denied = world.ask(&all[0], "lambda:GetFunction", &own).await.unwrap_err();
    assert!(
        denied.ends_with("because no service control policy allows the lambda:GetFunction action"),
        "{denied}"
    );
    // Nor may anybody leave them by assuming a role.
    let asked = || crate::AssumeRole {
        role_arn: "arn:aws:iam::000000000000:role/made".to_owned(),
        session_name: "s".to_owned(),
        ..crate::AssumeRole::default()
    };
    assert!(world.access.assume_role(&all[0], asked(), Context::new()).await.is_err());
    set(Vec::new(), "000000000000", Vec::new());
    assert!(world.access.assume_role(&all[0], asked(), Context::new()).await.is_ok());
    check("lambda:InvokeFunction", true).await;
    // Regions are what they are most used for.
    let elsewhere = r#"{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*",
        "Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}}]}"#;
    set(vec![policy(elsewhere, PolicyKind::Guardrail)], "000000000000", Vec::new());
    check("s3:GetObject", false).await;
    set(
        vec![policy(&elsewhere.replace("eu-west-1", "us-east-1"), PolicyKind::Guardrail)],
        "000000000000",
        Vec::new(),
    );
    check("s3:GetObject", true).await;
}

#[tokio::test]
async fn tags_of_resources_are_asked_for_only_by_policies_that_read_them() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let iam = world.access.iam();
    let put =
        |text: String| iam.put_policy::<User>(mine().account, "ann".to_owned(), "tags".to_owned(), text);
    let policy = |condition: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*",
                "Condition":{{"StringEquals":{condition}}}}}]}}"#
        )
    };
    put(policy(r#"{"dynamodb:LeadingKeys":"a"}"#)).await.unwrap();
    assert!(world.access.asks_for_items(&ann).await.unwrap());
    put(policy(r#"{"aws:RequestTag/team":"a"}"#)).await.unwrap();
    assert!(!world.access.asks_for_items(&ann).await.unwrap());
    assert!(!world.access.asks_for_tags(&ann).await.unwrap());
    for (key, arn) in [
        ("aws:ResourceTag/team", "arn:aws:lambda:us-east-1:000000000000:function:f"),
        ("iam:ResourceTag/team", "arn:aws:iam::000000000000:user/bob"),
        ("aws:ResourceTag/team", "arn:aws:iam::000000000000:user/bob"),
    ] {
        put(policy(&format!(r#"{{"{key}":"a"}}"#))).await.unwrap();
        assert!(world.access.asks_for_tags(&ann).await.unwrap());
        let mut tagged = Resource::new(Arn::parse(arn).unwrap());
        let untagged = tagged.clone();
        tagged.tags.insert("team".to_owned(), "a".to_owned());
        world.ask(&ann, "x:Y", std::slice::from_ref(&tagged)).await.unwrap();
        world.ask(&ann, "x:Y", std::slice::from_ref(&untagged)).await.unwrap_err();
        // The tags of one are not those of the next.
        world.ask(&ann, "x:Y", &[tagged, untagged]).await.unwrap_err();
    }
    put(policy(r#"{"s3:ExistingObjectTag/team":"a"}"#)).await.unwrap();
    let mut photo = photos("a", "000000000000");
    world.ask(&ann, "s3:GetObject", std::slice::from_ref(&photo)).await.unwrap_err();
    photo.tags.insert("team".to_owned(), "a".to_owned());
    world.ask(&ann, "s3:GetObject", &[photo]).await.unwrap();
}
