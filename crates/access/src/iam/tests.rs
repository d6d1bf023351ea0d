use super::*;
use crate::{Access, AccountSettings, CredentialError, Principal};
use clock::Timestamp;
use names::AccountId;

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

fn account() -> AccountId {
    AccountId::root()
}

async fn open() -> (Kv, Clock, MasterKey, Access) {
    let (kv, clock) = (Kv::memory(), Clock::simulated(Timestamp::from_seconds(1_700_000_000), 7));
    let master = MasterKey::ephemeral(&clock);
    let (access, _) = Access::open(&kv, clock.clone(), &master, &[]).await.unwrap();
    (kv, clock, master, access)
}

async fn user(iam: &Iam, name: &str) -> User {
    iam.create_user(account(), NewUser { name: name.to_owned(), ..NewUser::default() }).await.unwrap()
}

#[tokio::test]
async fn a_users_key_stands_for_the_user_until_it_is_made_inactive() {
    let (kv, clock, master, access) = open().await;
    let iam = access.iam();
    let ann = user(iam, "ann").await;
    let (key, secret) = iam.create_access_key(account(), "ann".to_owned()).await.unwrap();
    assert!(key.id.starts_with("AKIA") && key.id.len() == 20);
    let found = access.credential(&key.id, None, clock.now()).unwrap();
    assert_eq!(found.secret.expose(), secret.expose());
    assert_eq!(found.principal.arn(), "arn:aws:iam::000000000000:user/ann");
    assert_eq!(found.principal.user_id(), ann.identity.id);

    // Another name and path are known at once, and at the next start.
    let renamed =
        iam.update_user(account(), "ann".to_owned(), Some("eve".to_owned()), Some("/x/".to_owned()));
    renamed.await.unwrap();
    for access in [access.clone(), Access::open(&kv, clock.clone(), &master, &[]).await.unwrap().0] {
        let found = access.credential(&key.id, None, clock.now()).unwrap();
        assert_eq!(found.principal.arn(), "arn:aws:iam::000000000000:user/x/eve");
    }
    let change = |is_active| iam.update_access_key(account(), "eve".to_owned(), key.id.clone(), is_active);
    change(false).await.unwrap();
    assert_eq!(access.credential(&key.id, None, clock.now()).unwrap_err(), CredentialError::UnknownKey);
    change(true).await.unwrap();
    assert!(matches!(
        access.credential(&key.id, None, clock.now()).unwrap().principal,
        Principal::User { .. }
    ));
    iam.delete_access_key(account(), "eve".to_owned(), key.id.clone()).await.unwrap();
    assert_eq!(access.credential(&key.id, None, clock.now()).unwrap_err(), CredentialError::UnknownKey);
}

#[tokio::test]
async fn no_secret_of_a_user_is_stored_in_the_clear() {
    let (kv, clock, _, access) = open().await;
    user(access.iam(), "ann").await;
    let (_, secret) = access.iam().create_access_key(account(), "ann".to_owned()).await.unwrap();
    let everything = names::KeyRange { start: vec![], end: vec![] };
    for (_, value) in kv.range(everything, 100).await.unwrap() {
        assert!(!String::from_utf8_lossy(&value).contains(secret.expose()));
    }
    let other = Iam::open(&kv, clock.clone(), &MasterKey::ephemeral(&clock)).await;
    assert!(matches!(other, Err(AccessError::Sealed(_))));
}

#[tokio::test]
async fn the_last_use_is_noted_in_memory_and_written_when_asked_to() {
    let (kv, clock, master, access) = open().await;
    let iam = access.iam();
    user(iam, "ann").await;
    let (key, _) = iam.create_access_key(account(), "ann".to_owned()).await.unwrap();
    let ask = async |iam: &Iam| iam.access_key_last_used(account(), key.id.clone()).await.unwrap();
    assert_eq!(ask(iam).await, ("ann".to_owned(), None));
    iam.used(&key.id, "s3", "us-east-1");
    let used = LastUsed { at: clock.now(), service: "s3".to_owned(), region: "us-east-1".to_owned() };
    assert_eq!(ask(iam).await.1, Some(used.clone()));
    let again = Iam::open(&kv, clock.clone(), &master).await.unwrap();
    assert_eq!(ask(&again).await.1, None);
    iam.flush_last_used().await.unwrap();
    assert_eq!(ask(iam).await.1, Some(used.clone()));
    assert_eq!(ask(&again).await.1, Some(used));
}

#[tokio::test]
async fn quotas_hold_and_are_named_as_iam_names_them() {
    let (_, _, _, access) = open().await;
    let iam = access.iam();
    user(iam, "ann").await;
    let say = |result: Result<(), IamError>| result.unwrap_err().to_string();
    for number in 0..quotas::ATTACHED_MAX + 1 {
        let new = NewPolicy { name: format!("p{number}"), text: POLICY.to_owned(), ..NewPolicy::default() };
        let arn = iam.create_policy(account(), new).await.unwrap().arn;
        let attached = iam.attach_policy::<User>(account(), "ann".to_owned(), arn).await;
        match number < quotas::ATTACHED_MAX {
            true => attached.unwrap(),
            false => assert_eq!(say(attached), "Cannot exceed quota for PoliciesPerUser: 10"),
        }
    }
    // White space does not count.
    let padded = format!("{POLICY}{}", " ".repeat(5000));
    let put =
        |name: &str, text: String| iam.put_policy::<User>(account(), "ann".to_owned(), name.to_owned(), text);
    put("a", padded).await.unwrap();
    let long = POLICY.replace("s3:GetObject", &format!("s3:Get{}", "x".repeat(2000)));
    assert_eq!(say(put("b", long).await), "Maximum policy size of 2048 bytes exceeded for user ann");
    let arn = format!("arn:aws:iam::{}:policy/p0", account());
    for _ in 1..quotas::POLICY_VERSIONS_MAX {
        iam.create_policy_version(account(), arn.clone(), POLICY.to_owned(), true).await.unwrap();
    }
    let sixth = iam.create_policy_version(account(), arn.clone(), POLICY.to_owned(), true).await;
    assert!(sixth.unwrap_err().to_string().starts_with("A managed policy can have up to 5 versions."));
    let default = iam.delete_policy_version(account(), arn.clone(), "v5".to_owned()).await;
    assert_eq!(say(default), "Cannot delete the default version of a policy.");
    iam.delete_policy_version(account(), arn.clone(), "v2".to_owned()).await.unwrap();
    let next = iam.create_policy_version(account(), arn, POLICY.to_owned(), false).await.unwrap();
    assert_eq!((next.version, next.is_default), (6, false));
}

#[tokio::test]
async fn accounts_know_nothing_of_each_other() {
    let (kv, clock) = (Kv::memory(), Clock::real());
    let master = MasterKey::ephemeral(&clock);
    let other = AccountSettings {
        id: AccountId::parse("111111111111").unwrap(),
        key: Some(crate::KeyPair {
            access_key_id: "AKIAONE".to_owned(),
            secret_access_key: crate::Secret::new("s".repeat(40)),
        }),
        canonical_user_id: None,
        display_name: None,
    };
    let (access, _) = Access::open(&kv, clock.clone(), &master, std::slice::from_ref(&other)).await.unwrap();
    let iam = access.iam();
    user(iam, "ann").await;
    let (key, _) = iam.create_access_key(account(), "ann".to_owned()).await.unwrap();
    let new = NewPolicy { name: "p".to_owned(), text: POLICY.to_owned(), ..NewPolicy::default() };
    let arn = iam.create_policy(account(), new).await.unwrap().arn;
    let unknown = |error: IamError| matches!(error, IamError::NoSuchEntity(_));
    assert!(unknown(iam.get_user(other.id.clone(), "ann".to_owned()).await.unwrap_err()));
    assert!(unknown(iam.get_policy(other.id.clone(), arn.clone()).await.unwrap_err()));
    assert!(unknown(iam.access_key_last_used(other.id.clone(), key.id).await.unwrap_err()));
    iam.create_user(other.id.clone(), NewUser { name: "bob".to_owned(), ..NewUser::default() })
        .await
        .unwrap();
    let attached = iam.attach_policy::<User>(other.id.clone(), "bob".to_owned(), arn).await;
    assert!(unknown(attached.unwrap_err()));
}

#[tokio::test]
async fn tags_differ_in_more_than_case() {
    let (_, _, _, access) = open().await;
    let iam = access.iam();
    user(iam, "ann").await;
    let tag = |tags: &[(&str, &str)]| {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        iam.tag::<User>(account(), "ann".to_owned(), tags)
    };
    tag(&[("Team", "a"), ("cost", "1")]).await.unwrap();
    tag(&[("team", "b")]).await.unwrap();
    let listed = iam.list_tags::<User>(account(), "ann".to_owned(), Paging::default()).await.unwrap().items;
    let expected = [("cost", "1"), ("team", "b")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(listed, expected);
    for bad in [&[("a", "1"), ("A", "2")][..], &[("aws:x", "1")], &[("", "1")]] {
        assert!(matches!(tag(bad).await, Err(IamError::InvalidInput(_))), "{bad:?}");
    }
    iam.untag::<User>(account(), "ann".to_owned(), vec!["TEAM".to_owned()]).await.unwrap();
    assert_eq!(iam.get_user(account(), "ann".to_owned()).await.unwrap().identity.tags.len(), 1);
}

fn principal(user: &User) -> Principal {
    let identity = &user.identity;
    Principal::User {
        owner: crate::Owner {
            account: account(),
            canonical_user_id: String::new(),
            display_name: String::new(),
        },
        user: Box::new(crate::IamUser {
            name: identity.name.clone(),
            path: identity.path.clone(),
            id: identity.id.clone(),
        }),
    }
}

#[tokio::test]
async fn policies_of_a_user_are_its_own_and_those_of_its_groups_as_they_are_now() {
    let (_, _, _, access) = open().await;
    let iam = access.iam();
    let ann = user(iam, "ann").await;
    let names = async || {
        let loaded = iam.policies_of(&principal(&ann)).await.unwrap().unwrap();
        loaded.policies.iter().map(|policy| policy.name.clone()).collect::<Vec<_>>()
    };
    assert!(names().await.is_empty());
    let put =
        |name: &str| iam.put_policy::<User>(account(), "ann".to_owned(), name.to_owned(), POLICY.to_owned());
    put("own").await.unwrap();
    assert_eq!(names().await, ["inline own of user ann"]);
    let aws = "arn:aws:iam::aws:policy/AdministratorAccess";
    iam.create_group(account(), "staff".to_owned(), None).await.unwrap();
    iam.attach_policy::<Group>(account(), "staff".to_owned(), aws.to_owned()).await.unwrap();
    assert_eq!(names().await, ["inline own of user ann"]);
    iam.add_user_to_group(account(), "staff".to_owned(), "ann".to_owned()).await.unwrap();
    assert_eq!(names().await, ["inline own of user ann", aws]);
    // The same answer as before comes out of memory.
    let (one, other) = (iam.policies_of(&principal(&ann)).await, iam.policies_of(&principal(&ann)).await);
    assert!(Arc::ptr_eq(&one.unwrap().unwrap(), &other.unwrap().unwrap()));
    iam.detach_policy::<Group>(account(), "staff".to_owned(), aws.to_owned()).await.unwrap();
    iam.delete_inline_policy::<User>(account(), "ann".to_owned(), "own".to_owned()).await.unwrap();
    assert!(names().await.is_empty());
    iam.remove_user_from_group(account(), "staff".to_owned(), "ann".to_owned()).await.unwrap();
    // Who is made again under the same name is somebody else.
    iam.delete_user(account(), "ann".to_owned()).await.unwrap();
    assert!(iam.policies_of(&principal(&ann)).await.unwrap().is_none());
    user(iam, "ann").await;
    assert!(iam.policies_of(&principal(&ann)).await.unwrap().is_none());
}

#[tokio::test]
async fn another_default_version_holds_at_once() {
    let (_, _, _, access) = open().await;
    let iam = access.iam();
    let new = NewPolicy { name: "p".to_owned(), text: POLICY.to_owned(), ..NewPolicy::default() };
    let arn = iam.create_policy(account(), new).await.unwrap().arn;
    let text = async || iam.managed_policy(&account(), &arn).await.unwrap().unwrap().document.to_json();
    assert!(text().await.contains("s3:GetObject"));
    let other = POLICY.replace("GetObject", "PutObject");
    iam.create_policy_version(account(), arn.clone(), other, false).await.unwrap();
    assert!(text().await.contains("s3:GetObject"));
    iam.set_default_policy_version(account(), arn.clone(), "v2".to_owned()).await.unwrap();
    assert!(text().await.contains("s3:PutObject"));
}

#[tokio::test]
async fn a_role_linked_to_a_service_is_changed_by_nobody_and_leaves_a_task() {
    let (_, clock, _, access) = open().await;
    let iam = access.iam();
    let service = "lambda.application-autoscaling.amazonaws.com";
    let create = || iam.create_service_linked_role(account(), service.to_owned(), None, None);
    let role = create().await.unwrap();
    let name = role.identity.name.clone();
    assert_eq!(name, "AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency");
    assert_eq!(role.identity.path, format!("/aws-service-role/{service}/"));
    let taken = create().await.unwrap_err().to_string();
    assert!(taken.ends_with("has been taken in this account, please try a different suffix."), "{taken}");
    let refused = iam.delete_role(account(), name.clone()).await;
    assert!(matches!(refused, Err(IamError::UnmodifiableEntity(_))));
    let task = iam.delete_service_linked_role(account(), name.clone()).await.unwrap();
    assert!(task.starts_with(&format!("task/aws-service-role/{service}/{name}/")), "{task}");
    iam.service_linked_role_is_deleted(account(), task.clone()).await.unwrap();
    assert!(iam.get_role(account(), name).await.is_err());
    // A day later, the next deletion removes it.
    clock.advance(std::time::Duration::from_secs(25 * 60 * 60));
    let again = create().await.unwrap();
    iam.delete_service_linked_role(account(), again.identity.name).await.unwrap();
    assert!(iam.service_linked_role_is_deleted(account(), task).await.is_err());
}

#[tokio::test]
async fn the_credential_report_has_a_line_for_everybody() {
    let (_, _, _, access) = open().await;
    let iam = access.iam();
    user(iam, "ann").await;
    let (key, _) = iam.create_access_key(account(), "ann".to_owned()).await.unwrap();
    iam.used(&key.id, "s3", "eu-west-1");
    let root = RootFacts { created: Timestamp::EPOCH, has_key: true };
    iam.generate_credential_report(account(), root).await.unwrap();
    let report = iam.credential_report(&account()).unwrap();
    let lines: Vec<Vec<&str>> = report.text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.len() == 22));
    assert_eq!(
        lines[1][..3],
        ["<root_account>", "arn:aws:iam::000000000000:root", "1970-01-01T00:00:00+00:00"]
    );
    assert_eq!(
        lines[2][8..13],
        ["true", "2023-11-14T22:13:20+00:00", "2023-11-14T22:13:20+00:00", "eu-west-1", "s3"]
    );
}
