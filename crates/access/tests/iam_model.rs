//! The store against the simplest thing that could be right: sets and maps in memory. When everything was
//! taken down again, nothing is left in any of its keyspaces.

use access::iam::{
    Group, Holder, HolderFilter, Identity, NewPolicy, NewRole, NewUser, Paging, PolicyFilter, Role, Scope,
    User,
};
use access::{Iam, IamError, MasterKey};
use clock::{Clock, Timestamp};
use kv::Kv;
use names::{AccountId, KeyRange, Keyspace};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    User,
    Group,
    Role,
}

const KINDS: [Kind; 3] = [Kind::User, Kind::Group, Kind::Role];

#[derive(Debug, Clone)]
enum Step {
    Create(Kind, &'static str, bool),
    Delete(Kind, &'static str),
    Rename(Kind, &'static str, &'static str),
    PutInline(Kind, &'static str, &'static str),
    DeleteInline(Kind, &'static str, &'static str),
    Attach(Kind, &'static str, &'static str),
    Detach(Kind, &'static str, &'static str),
    Bound(Kind, &'static str, Option<&'static str>),
    CreatePolicy(&'static str),
    DeletePolicy(&'static str),
    Join(&'static str, &'static str),
    Leave(&'static str, &'static str),
    CreateKey(&'static str),
    DeleteKey(&'static str),
}

/// What the step of the real store came to, without its words.
type Outcome = Result<(), &'static str>;

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Holding {
    attached: BTreeSet<&'static str>,
    inline: BTreeSet<&'static str>,
    boundary: Option<&'static str>,
    groups: BTreeSet<&'static str>,
    keys: usize,
}

#[derive(Debug, Default)]
struct Model {
    holders: BTreeMap<(Kind, &'static str), Holding>,
    policies: BTreeSet<&'static str>,
}

fn name() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("ann"), Just("Ann"), Just("bob"), Just("b"), Just("zoe")]
}

fn policy() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("read"), Just("Read"), Just("write")]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::User), Just(Kind::Group), Just(Kind::Role)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (kind(), name(), any::<bool>()).prop_map(|(k, n, b)| Step::Create(k, n, b)),
        2 => (kind(), name()).prop_map(|(k, n)| Step::Delete(k, n)),
        2 => (kind(), name(), name()).prop_map(|(k, n, m)| Step::Rename(k, n, m)),
        2 => (kind(), name(), policy()).prop_map(|(k, n, p)| Step::PutInline(k, n, p)),
        1 => (kind(), name(), policy()).prop_map(|(k, n, p)| Step::DeleteInline(k, n, p)),
        3 => (kind(), name(), policy()).prop_map(|(k, n, p)| Step::Attach(k, n, p)),
        2 => (kind(), name(), policy()).prop_map(|(k, n, p)| Step::Detach(k, n, p)),
        2 => (kind(), name(), proptest::option::of(policy())).prop_map(|(k, n, p)| Step::Bound(k, n, p)),
        3 => policy().prop_map(Step::CreatePolicy),
        1 => policy().prop_map(Step::DeletePolicy),
        3 => (name(), name()).prop_map(|(g, u)| Step::Join(g, u)),
        2 => (name(), name()).prop_map(|(g, u)| Step::Leave(g, u)),
        2 => name().prop_map(Step::CreateKey),
        1 => name().prop_map(Step::DeleteKey),
    ]
}

fn account() -> AccountId {
    AccountId::root()
}

fn arn(policy: &str) -> String {
    format!("arn:aws:iam::{}:policy/{policy}", account())
}

impl Model {
    fn taken(&self, kind: Kind, name: &str, but: Option<&str>) -> bool {
        let same = |other: &&str| Some(*other) != but && other.eq_ignore_ascii_case(name);
        self.holders.keys().filter(|(other, _)| *other == kind).any(|(_, other)| same(other))
    }

    fn holder(&mut self, kind: Kind, name: &'static str) -> Result<&mut Holding, &'static str> {
        self.holders.get_mut(&(kind, name)).ok_or("NoSuchEntity")
    }

    fn apply(&mut self, step: &Step) -> Outcome {
        match *step {
            Step::Create(kind, name, bounded) => {
                let boundary = (bounded && kind != Kind::Group).then_some("read");
                if boundary.is_some() && !self.policies.contains("read") {
                    return Err("NoSuchEntity");
                }
                if self.taken(kind, name, None) {
                    return Err("EntityAlreadyExists");
                }
                self.holders.insert((kind, name), Holding { boundary, ..Holding::default() });
            }
            Step::Delete(kind, name) => {
                let has_users =
                    self.holders.values().any(|holding| kind == Kind::Group && holding.groups.contains(name));
                let holding = self.holder(kind, name)?;
                let is_held = !holding.attached.is_empty() || !holding.inline.is_empty();
                if is_held || has_users || !holding.groups.is_empty() || holding.keys > 0 {
                    return Err("DeleteConflict");
                }
                self.holders.remove(&(kind, name));
            }
            Step::Rename(kind, old, new) => {
                if kind == Kind::Role {
                    return Ok(());
                }
                let holding = self.holder(kind, old)?.clone();
                if self.taken(kind, new, Some(old)) {
                    return Err("EntityAlreadyExists");
                }
                self.holders.remove(&(kind, old));
                self.holders.insert((kind, new), holding);
                for holding in self.holders.values_mut().filter(|_| kind == Kind::Group) {
                    if holding.groups.remove(old) {
                        holding.groups.insert(new);
                    }
                }
            }
            Step::PutInline(kind, name, policy) => {
                self.holder(kind, name)?.inline.insert(policy);
            }
            Step::DeleteInline(kind, name, policy) => {
                self.holder(kind, name)?.inline.remove(policy).then_some(()).ok_or("NoSuchEntity")?;
            }
            Step::Attach(kind, name, policy) => {
                let is_there = self.policies.contains(policy);
                let holding = self.holder(kind, name)?;
                is_there.then_some(()).ok_or("NoSuchEntity")?;
                holding.attached.insert(policy);
            }
            Step::Detach(kind, name, policy) => {
                self.holder(kind, name)?.attached.remove(policy).then_some(()).ok_or("NoSuchEntity")?;
            }
            Step::Bound(Kind::Group, ..) => {}
            Step::Bound(kind, name, policy) => {
                let is_there = policy.is_none_or(|policy| self.policies.contains(policy));
                let holding = self.holder(kind, name)?;
                let has_one = policy.is_some() || holding.boundary.is_some();
                (is_there && has_one).then_some(()).ok_or("NoSuchEntity")?;
                holding.boundary = policy;
            }
            Step::CreatePolicy(policy) => {
                if self.policies.iter().any(|other| other.eq_ignore_ascii_case(policy)) {
                    return Err("EntityAlreadyExists");
                }
                self.policies.insert(policy);
            }
            Step::DeletePolicy(policy) => {
                self.policies.contains(policy).then_some(()).ok_or("NoSuchEntity")?;
                let uses =
                    |holding: &Holding| holding.attached.contains(policy) || holding.boundary == Some(policy);
                if self.holders.values().any(uses) {
                    return Err("DeleteConflict");
                }
                self.policies.remove(policy);
            }
            Step::Join(group, user) => {
                self.holder(Kind::Group, group)?;
                self.holder(Kind::User, user)?.groups.insert(group);
            }
            Step::Leave(group, user) => {
                self.holder(Kind::Group, group)?;
                self.holder(Kind::User, user)?.groups.remove(group);
            }
            Step::CreateKey(user) => {
                let holding = self.holder(Kind::User, user)?;
                (holding.keys < 2).then_some(()).ok_or("LimitExceeded")?;
                holding.keys += 1;
            }
            Step::DeleteKey(user) => {
                let holding = self.holder(Kind::User, user)?;
                holding.keys = holding.keys.saturating_sub(1);
            }
        }
        Ok(())
    }
}

fn outcome<T>(result: Result<T, IamError>) -> Outcome {
    result.map(|_| ()).map_err(|error| match error {
        IamError::NoSuchEntity(_) => "NoSuchEntity",
        IamError::EntityAlreadyExists(_) => "EntityAlreadyExists",
        IamError::DeleteConflict(_) => "DeleteConflict",
        IamError::LimitExceeded(_) => "LimitExceeded",
        other => panic!("{other}"),
    })
}

/// Runs `$call::<H>` for the type that a kind stands for.
macro_rules! of_kind {
    ($kind:expr, $iam:ident . $method:ident ( $($argument:expr),* )) => {
        match $kind {
            Kind::User => outcome($iam.$method::<User>($($argument),*).await),
            Kind::Group => outcome($iam.$method::<Group>($($argument),*).await),
            Kind::Role => outcome($iam.$method::<Role>($($argument),*).await),
        }
    };
}

async fn run(iam: &Iam, step: &Step) -> Outcome {
    match *step {
        Step::Create(kind, name, bounded) => {
            let (name, boundary) = (name.to_owned(), bounded.then(|| arn("read")));
            match kind {
                Kind::User => outcome(
                    iam.create_user(account(), NewUser { name, boundary, ..NewUser::default() }).await,
                ),
                Kind::Group => outcome(iam.create_group(account(), name, None).await),
                Kind::Role => {
                    let trust_policy = TRUST.to_owned();
                    let role = NewRole { name, trust_policy, boundary, ..NewRole::default() };
                    outcome(iam.create_role(account(), role).await)
                }
            }
        }
        Step::Delete(Kind::User, name) => outcome(iam.delete_user(account(), name.to_owned()).await),
        Step::Delete(Kind::Group, name) => outcome(iam.delete_group(account(), name.to_owned()).await),
        Step::Delete(Kind::Role, name) => outcome(iam.delete_role(account(), name.to_owned()).await),
        Step::Rename(Kind::User, old, new) => {
            outcome(iam.update_user(account(), old.to_owned(), Some(new.to_owned()), None).await)
        }
        Step::Rename(Kind::Group, old, new) => {
            outcome(iam.update_group(account(), old.to_owned(), Some(new.to_owned()), None).await)
        }
        Step::Rename(Kind::Role, ..) | Step::Bound(Kind::Group, ..) => Ok(()),
        Step::PutInline(kind, name, policy) => {
            of_kind!(kind, iam.put_policy(account(), name.to_owned(), policy.to_owned(), POLICY.to_owned()))
        }
        Step::DeleteInline(kind, name, policy) => {
            of_kind!(kind, iam.delete_inline_policy(account(), name.to_owned(), policy.to_owned()))
        }
        Step::Attach(kind, name, policy) => {
            of_kind!(kind, iam.attach_policy(account(), name.to_owned(), arn(policy)))
        }
        Step::Detach(kind, name, policy) => {
            of_kind!(kind, iam.detach_policy(account(), name.to_owned(), arn(policy)))
        }
        Step::Bound(kind, name, Some(policy)) => {
            of_kind!(kind, iam.put_permissions_boundary(account(), name.to_owned(), arn(policy)))
        }
        Step::Bound(kind, name, None) => {
            of_kind!(kind, iam.delete_permissions_boundary(account(), name.to_owned()))
        }
        Step::CreatePolicy(policy) => {
            let new = NewPolicy { name: policy.to_owned(), text: POLICY.to_owned(), ..NewPolicy::default() };
            outcome(iam.create_policy(account(), new).await)
        }
        Step::DeletePolicy(policy) => outcome(iam.delete_policy(account(), arn(policy)).await),
        Step::Join(group, user) => {
            outcome(iam.add_user_to_group(account(), group.to_owned(), user.to_owned()).await)
        }
        Step::Leave(group, user) => {
            outcome(iam.remove_user_from_group(account(), group.to_owned(), user.to_owned()).await)
        }
        Step::CreateKey(user) => {
            let made = iam.create_access_key(account(), user.to_owned()).await;
            if let Ok((key, secret)) = &made {
                let known = iam.key(&key.id).unwrap();
                assert!(known.is_active && known.user.name == user);
                assert_eq!(known.secret.expose(), secret.expose());
            }
            outcome(made)
        }
        Step::DeleteKey(user) => {
            let keys = iam.list_access_keys(account(), user.to_owned(), Paging::default()).await;
            match keys {
                Err(error) => outcome::<()>(Err(error)),
                Ok(keys) => {
                    let Some(key) = keys.items.first() else { return Ok(()) };
                    let deleted = iam.delete_access_key(account(), user.to_owned(), key.id.clone()).await;
                    assert!(iam.key(&key.id).is_none());
                    outcome(deleted)
                }
            }
        }
    }
}

/// All of a list, three at a time.
async fn all<H: Holder>(iam: &Iam) -> Vec<Identity> {
    let (mut found, mut marker) = (Vec::new(), None);
    loop {
        let page = iam.list::<H>(account(), None, Paging::new(marker, Some(3))).await.unwrap();
        assert!(page.items.len() <= 3);
        found.extend(page.items.into_iter().map(|holder| holder.identity().clone()));
        marker = page.next_marker;
        if marker.is_none() {
            return found;
        }
    }
}

async fn compare(iam: &Iam, model: &Model) {
    let mut groups_of = BTreeMap::new();
    for kind in KINDS {
        let found = match kind {
            Kind::User => all::<User>(iam).await,
            Kind::Group => all::<Group>(iam).await,
            Kind::Role => all::<Role>(iam).await,
        };
        let expected: Vec<_> = model.holders.iter().filter(|((other, _), _)| *other == kind).collect();
        assert_eq!(found.len(), expected.len());
        for (identity, ((_, name), holding)) in found.iter().zip(expected) {
            assert_eq!(identity.name, *name, "in byte order");
            let attached: BTreeSet<String> = holding.attached.iter().map(|policy| arn(policy)).collect();
            assert_eq!(identity.attached, attached);
            assert!(identity.inline.keys().eq(holding.inline.iter()));
            assert_eq!(identity.boundary, holding.boundary.map(arn));
            if kind == Kind::User {
                let name = identity.name.clone();
                let groups = iam.list_groups_for_user(account(), name.clone(), Paging::default()).await;
                let groups = groups.unwrap().items.into_iter().map(|group| group.identity.name);
                groups_of.insert(name.clone(), groups.collect::<BTreeSet<_>>());
                assert!(groups_of.get(&name).unwrap().iter().eq(holding.groups.iter()));
                let keys =
                    iam.list_access_keys(account(), name.clone(), Paging::default()).await.unwrap().items;
                assert_eq!(keys.len(), holding.keys);
                assert!(keys.iter().all(|key| iam.key(&key.id).is_some_and(|known| known.user.name == name)));
            }
        }
    }
    for (_, group) in model.holders.keys().filter(|(kind, _)| *kind == Kind::Group) {
        let listed = iam.list_group_users(account(), (*group).to_owned(), Paging::default()).await;
        let users: Vec<_> = listed.unwrap().1.items.into_iter().map(|user| user.identity.name).collect();
        let members = groups_of.iter().filter(|(_, groups)| groups.contains(*group)).map(|(user, _)| user);
        assert!(users.iter().eq(members));
    }
    let local = PolicyFilter { scope: Scope::Local, ..PolicyFilter::default() };
    let policies = iam.list_policies(account(), local, Paging::default()).await.unwrap().items;
    assert!(policies.iter().map(|policy| policy.name.as_str()).eq(model.policies.iter().copied()));
    for policy in policies {
        let holders = || model.holders.values();
        let attached = holders().filter(|holding| holding.attached.contains(policy.name.as_str())).count();
        let bounded = holders().filter(|holding| holding.boundary == Some(policy.name.as_str())).count();
        assert_eq!((policy.attachments, policy.boundary_uses), (attached as u64, bounded as u64));
        let filter = HolderFilter::default();
        let found = iam.list_entities_for_policy(account(), policy.arn, filter, Paging::default()).await;
        let either = holders().filter(|holding| {
            holding.attached.contains(policy.name.as_str()) || holding.boundary == Some(policy.name.as_str())
        });
        assert_eq!(found.unwrap().items.len(), either.count());
    }
}

/// The steps that empty the store.
fn take_down(model: &Model) -> Vec<Step> {
    let mut steps = Vec::new();
    for (&(kind, name), holding) in &model.holders {
        steps.extend(holding.attached.iter().map(|policy| Step::Detach(kind, name, policy)));
        steps.extend(holding.inline.iter().map(|policy| Step::DeleteInline(kind, name, policy)));
        steps.extend(holding.groups.iter().map(|group| Step::Leave(group, name)));
        steps.extend((0..holding.keys).map(|_| Step::DeleteKey(name)));
    }
    steps.extend(model.holders.keys().map(|&(kind, name)| Step::Delete(kind, name)));
    steps.extend(model.policies.iter().map(|policy| Step::DeletePolicy(policy)));
    steps
}

async fn stored(kv: &Kv) -> Vec<u8> {
    let everything = KeyRange { start: vec![], end: vec![] };
    let entries = kv.range(everything, 10_000).await.unwrap();
    entries.into_iter().filter_map(|(key, _)| key.first().copied()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_a_few_sets_would_do(steps in proptest::collection::vec(step(), 1..60), seed: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let kv = Kv::memory();
            let clock = Clock::simulated(Timestamp::from_seconds(1_700_000_000), seed);
            let master = MasterKey::ephemeral(&clock);
            let iam = Iam::open(&kv, clock.clone(), &master).await.unwrap();
            let mut model = Model::default();
            for step in &steps {
                let expected = model.apply(step);
                assert_eq!(run(&iam, step).await, expected, "{step:?}");
            }
            compare(&iam, &model).await;
            // What is read back at the next start is the same.
            let again = Iam::open(&kv, clock, &master).await.unwrap();
            compare(&again, &model).await;
            for step in take_down(&model) {
                let expected = model.apply(&step);
                assert_eq!(run(&iam, &step).await, expected, "{step:?}");
            }
            compare(&iam, &model).await;
            let left = stored(&kv).await;
            assert!(left.iter().all(|byte| *byte == Keyspace::IamAccount.byte()), "{left:?}");
        });
    }
}
