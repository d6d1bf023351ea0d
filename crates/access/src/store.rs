use crate::cipher::Cipher;
use crate::session::Sessions;
use crate::tokens::Tokens;
use crate::{
    AccessError, Account, AccountSettings, Credential, CredentialError, DenialIds, Guardrails, Iam, Issuers,
    KeyPair, MasterKey, Principal, Secret, SessionCredentials, SessionRequest,
};
use clock::{Clock, Timestamp};
use kv::{Kv, KvError, Transaction, get_record, put_record, range_records};
use names::{AccountId, Key, Keyspace};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The most accounts, and keys, that are kept in memory.
const STORED_MAX: usize = 10_000;

/// Accounts, keys and sessions of one data directory. Cheap to clone.
///
/// Everything is held in memory, so that authenticating a request reads no store.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    kv: Kv,
    clock: Clock,
    cipher: Cipher,
    /// Held while accounts or their keys change, in the store and then in memory.
    account_changes: tokio::sync::Mutex<()>,
    sessions: Sessions,
    directory: RwLock<Directory>,
    iam: Iam,
    guardrails: RwLock<Arc<Guardrails>>,
    denial_ids: DenialIds,
    tokens: Tokens,
    issuers: RwLock<Arc<Issuers>>,
}

#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) accounts: HashMap<AccountId, Account>,
    pub(crate) keys: HashMap<String, KnownKey>,
    root_key: Option<KeyPair>,
}

#[derive(Debug, Clone)]
pub(crate) struct KnownKey {
    pub(crate) account: AccountId,
    secret: Secret,
}

/// What [`Access::open`] made because the store held no account yet.
#[derive(Debug, Clone)]
pub struct FirstStart {
    pub account: AccountId,
    pub key: KeyPair,
}

/// An access key at rest; its secret is sealed with the master key and bound to the key's id.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AccessKeyRecord {
    pub(crate) access_key_id: String,
    account: AccountId,
    sealed_secret: String,
    created: Timestamp,
}

impl kv::Record for AccessKeyRecord {
    const KIND: &'static str = "access key";
    const VERSION: u8 = 1;
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Access(..)")
    }
}

impl Access {
    /// Reads the accounts of `kv`, adds those of `settings`, and on an empty store makes the first
    /// account (000000000000) with its root key pair.
    ///
    /// # Errors
    /// The store fails, a stored secret does not open with `master`, or two of `settings` clash.
    pub async fn open(
        kv: &Kv,
        clock: Clock,
        master: &MasterKey,
        settings: &[AccountSettings],
    ) -> Result<(Access, Option<FirstStart>), AccessError> {
        let cipher = master.cipher("access key")?;
        let first_start = create_root(kv, &clock, &cipher).await?;
        let mut directory = read_directory(kv, &cipher).await?;
        for settings in settings {
            directory.register(settings, clock.now())?;
        }
        let sessions = Sessions::new(master)?;
        let iam = Iam::open(kv, clock.clone(), master).await?;
        let denial_ids = DenialIds::new(master)?;
        let directory = RwLock::new(directory);
        let (guardrails, issuers) = (RwLock::default(), RwLock::default());
        let inner = Inner {
            kv: kv.clone(),
            clock,
            cipher,
            account_changes: tokio::sync::Mutex::default(),
            sessions,
            directory,
            iam,
            guardrails,
            issuers,
            denial_ids,
            tokens: Tokens::new(master),
        };
        Ok((Access(Arc::new(inner)), first_start))
    }

    /// What `access_key_id` stands for; `token` is the request's `X-Amz-Security-Token`.
    ///
    /// The principal may be believed only after the request's signature was verified with the secret.
    ///
    /// # Errors
    /// See [`CredentialError`].
    pub fn credential(
        &self,
        access_key_id: &str,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<Credential, CredentialError> {
        if let Some(token) = token {
            let claims = self.0.sessions.open(access_key_id, token, now)?;
            let account = self.account(&claims.account).ok_or(CredentialError::InvalidToken)?;
            return Ok(Credential {
                secret: self.0.sessions.secret(access_key_id),
                principal: claims.into_principal(account.owner()),
            });
        }
        if let Some(key) = self.read(|directory| directory.keys.get(access_key_id).cloned()) {
            let account = self.account(&key.account).ok_or(CredentialError::UnknownKey)?;
            return Ok(Credential { secret: key.secret, principal: Principal::Root(account.owner()) });
        }
        let key = self.0.iam.key(access_key_id).filter(|key| key.is_active);
        let key = key.ok_or(CredentialError::UnknownKey)?;
        let owner = self.account(&key.account).ok_or(CredentialError::UnknownKey)?.owner();
        Ok(Credential {
            secret: key.secret.clone(),
            principal: Principal::User { owner, user: Box::new(key.user.clone()) },
        })
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub(crate) fn denial_ids(&self) -> &DenialIds {
        &self.0.denial_ids
    }

    /// Users, groups, roles and policies of all accounts.
    pub fn iam(&self) -> &Iam {
        &self.0.iam
    }

    /// The guardrails that hold now.
    pub(crate) fn guardrails(&self) -> Arc<Guardrails> {
        self.0.guardrails.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the place of the guardrails so far, for every decision from now on.
    pub fn set_guardrails(&self, guardrails: Guardrails) {
        *self.0.guardrails.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(guardrails);
    }

    /// The issuers of identity tokens whose keys are known now.
    pub(crate) fn issuers(&self) -> Arc<Issuers> {
        self.0.issuers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the place of the issuers so far, for every token from now on.
    pub fn set_issuers(&self, issuers: Issuers) {
        *self.0.issuers.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(issuers);
    }

    /// Notes that a request of `principal`, signed with `access_key_id`, was accepted, for those whose last use
    /// IAM tells: users' keys and roles. `service`: its signing name.
    pub fn used(&self, principal: &Principal, access_key_id: &str, service: &str, region: &str) {
        match principal {
            Principal::User { .. } => self.0.iam.used(access_key_id, service, region),
            Principal::Session { session, .. } => self.0.iam.used(&session.role_id, service, region),
            _ => {}
        }
    }

    /// Whether the root of an account has a key.
    pub fn has_root_key(&self, account: &AccountId) -> bool {
        self.read(|directory| directory.keys.values().any(|key| key.account == *account))
    }

    /// Makes a session; it is stateless, so nothing is written.
    ///
    /// # Errors
    /// The cipher fails.
    pub fn session(&self, request: SessionRequest) -> Result<SessionCredentials, AccessError> {
        self.0.sessions.issue(&self.0.clock, request)
    }

    pub fn account(&self, id: &AccountId) -> Option<Account> {
        self.read(|directory| directory.accounts.get(id).cloned())
    }

    /// Whether a long-lived key of that id is known, e.g. [`crate::WELL_KNOWN_KEY`].
    pub fn knows_key(&self, access_key_id: &str) -> bool {
        self.read(|directory| directory.keys.contains_key(access_key_id))
    }

    pub(crate) fn account_of_root_key(&self, access_key_id: &str) -> Option<AccountId> {
        self.read(|directory| directory.keys.get(access_key_id).map(|key| key.account.clone()))
    }

    /// The key pair made at first start, for `DATA/credentials`.
    pub fn root_key(&self) -> Option<KeyPair> {
        self.read(|directory| directory.root_key.clone())
    }

    pub(crate) fn kv(&self) -> &Kv {
        &self.0.kv
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn account_changes(&self) -> &tokio::sync::Mutex<()> {
        &self.0.account_changes
    }

    /// A new key pair of an account's root, and how it is stored.
    pub(crate) fn sealed_key(&self, account: &AccountId) -> Result<(KeyPair, AccessKeyRecord), AccessError> {
        let key = KeyPair::random(&self.0.clock);
        let record = seal_key(&self.0.clock, &self.0.cipher, account, &key)?;
        Ok((key, record))
    }

    /// Takes a stored key up, and its account where that is new.
    pub(crate) fn learn(&self, account: Option<Account>, id: &AccountId, key: &KeyPair) {
        let mut directory = self.0.directory.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = account {
            directory.accounts.entry(id.clone()).or_insert(account);
        }
        let known = KnownKey { account: id.clone(), secret: key.secret_access_key.clone() };
        directory.keys.insert(key.access_key_id.clone(), known);
    }

    pub(crate) fn forget_key(&self, access_key_id: &str) {
        self.0.directory.write().unwrap_or_else(PoisonError::into_inner).keys.remove(access_key_id);
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&Directory) -> T) -> T {
        look(&self.0.directory.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// `None` when the store already has its root account.
async fn create_root(kv: &Kv, clock: &Clock, cipher: &Cipher) -> Result<Option<FirstStart>, AccessError> {
    let id = AccountId::root();
    let account_key = Key::new(Keyspace::Account).text(id.as_str());
    if kv::Read::get(kv, &account_key).await?.is_some() {
        return Ok(None);
    }
    let key = KeyPair::random(clock);
    let account = Account {
        id: id.clone(),
        canonical_user_id: random_canonical_user_id(clock),
        display_name: "root".to_owned(),
        created: clock.now(),
    };
    let record = Arc::new(seal_key(clock, cipher, &id, &key)?);
    let made = kv
        .transact(async move |tx: &mut Transaction| {
            if get_record::<Account>(tx, &account_key).await?.is_some() {
                return Ok::<bool, KvError>(false);
            }
            put_record(tx, &account_key, &account);
            put_record(tx, Key::new(Keyspace::AccessKey).text(&record.access_key_id), record.as_ref());
            Ok(true)
        })
        .await?;
    Ok(made.then_some(FirstStart { account: id, key }))
}

async fn read_directory(kv: &Kv, cipher: &Cipher) -> Result<Directory, AccessError> {
    let mut directory = Directory::default();
    let accounts = Key::new(Keyspace::Account).range();
    for (_, account) in range_records::<Account>(kv, &accounts, STORED_MAX).await? {
        directory.accounts.insert(account.id.clone(), account);
    }
    let keys = Key::new(Keyspace::AccessKey).range();
    let mut oldest: Option<Timestamp> = None;
    for (_, record) in range_records::<AccessKeyRecord>(kv, &keys, STORED_MAX).await? {
        let secret = open_secret(cipher, &record)?;
        // The oldest, which was made at the first start.
        let is_older = oldest.is_none_or(|oldest| record.created < oldest);
        if record.account == AccountId::root() && is_older {
            oldest = Some(record.created);
            directory.root_key = Some(KeyPair {
                access_key_id: record.access_key_id.clone(),
                secret_access_key: secret.clone(),
            });
        }
        directory.keys.insert(record.access_key_id, KnownKey { account: record.account, secret });
    }
    Ok(directory)
}

fn seal_key(
    clock: &Clock,
    cipher: &Cipher,
    account: &AccountId,
    key: &KeyPair,
) -> Result<AccessKeyRecord, AccessError> {
    let sealed = cipher.seal(clock, &key.access_key_id, key.secret_access_key.expose().as_bytes())?;
    Ok(AccessKeyRecord {
        access_key_id: key.access_key_id.clone(),
        account: account.clone(),
        sealed_secret: crate::credential::encode(&sealed),
        created: clock.now(),
    })
}

fn open_secret(cipher: &Cipher, record: &AccessKeyRecord) -> Result<Secret, AccessError> {
    let sealed = crate::credential::decode(&record.sealed_secret);
    let text = sealed.and_then(|sealed| cipher.open(&record.access_key_id, &sealed));
    let text = text.and_then(|text| String::from_utf8(text).ok());
    text.map(Secret::new).ok_or_else(|| AccessError::Sealed(record.access_key_id.clone()))
}

impl Directory {
    /// Adds a configured account, or a further key of one that exists; what the configuration says
    /// about the account holds over what is stored.
    fn register(&mut self, settings: &AccountSettings, now: Timestamp) -> Result<(), AccessError> {
        let AccountSettings { id, key, canonical_user_id, display_name } = settings;
        if let Some(KeyPair { access_key_id, secret_access_key }) = key {
            if access_key_id.is_empty() || secret_access_key.expose().is_empty() {
                let message = format!("account {id}: its key pair must not be empty");
                return Err(AccessError::Configuration(message));
            }
            let known = KnownKey { account: id.clone(), secret: secret_access_key.clone() };
            if self.keys.insert(access_key_id.clone(), known).is_some() {
                let message = format!("access key {access_key_id} is registered twice");
                return Err(AccessError::Configuration(message));
            }
        }
        let account = self.accounts.entry(id.clone()).or_insert_with(|| Account {
            id: id.clone(),
            canonical_user_id: derived_canonical_user_id(id),
            display_name: id.to_string(),
            created: now,
        });
        if let Some(canonical_user_id) = canonical_user_id {
            account.canonical_user_id.clone_from(canonical_user_id);
        }
        if let Some(display_name) = display_name {
            account.display_name.clone_from(display_name);
        }
        Ok(())
    }
}

pub(crate) fn random_canonical_user_id(clock: &Clock) -> String {
    let mut bytes = [0; 32];
    clock.fill_random(&mut bytes);
    hex::encode(bytes)
}

/// The same at every start, for accounts that only configuration knows.
fn derived_canonical_user_id(id: &AccountId) -> String {
    let text = format!("canonical user of account {id}");
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::Session;
    use crate::session::SessionSubject;
    use names::Arn;
    use std::time::Duration;

    fn settings(id: &str, key: &str) -> AccountSettings {
        AccountSettings {
            id: AccountId::parse(id).unwrap(),
            key: Some(KeyPair {
                access_key_id: key.to_owned(),
                secret_access_key: Secret::new("s".repeat(40)),
            }),
            canonical_user_id: None,
            display_name: Some("someone".to_owned()),
        }
    }

    fn session_request() -> SessionRequest {
        let role_arn = Arn::parse("arn:aws:iam::000000000000:role/photos").unwrap();
        let session = Session {
            function_arn: Arn::parse("arn:aws:lambda:us-east-1:000000000000:function:thumb").ok(),
            ..Session::of_role(role_arn, "AROA00000000000000000", "thumb")
        };
        SessionRequest {
            account: AccountId::root(),
            subject: SessionSubject::Role(Box::new(session)),
            lifetime: Duration::from_secs(3600),
        }
    }

    #[tokio::test]
    async fn the_root_key_is_made_once_and_found_again() {
        let (kv, clock) = (Kv::memory(), Clock::real());
        let master = MasterKey::ephemeral(&clock);
        let (access, first) = Access::open(&kv, clock.clone(), &master, &[]).await.unwrap();
        let key = first.unwrap().key;
        assert!(key.access_key_id.starts_with("AKIA") && key.access_key_id.len() == 20);
        assert_eq!(key.secret_access_key.expose().len(), 40);
        let found = access.credential(&key.access_key_id, None, clock.now()).unwrap();
        assert_eq!(found.secret.expose(), key.secret_access_key.expose());
        assert_eq!(found.principal.arn(), "arn:aws:iam::000000000000:root");
        assert_eq!(found.principal.owner().map(|owner| owner.canonical_user_id.len()), Some(64));

        let (again, first) = Access::open(&kv, clock.clone(), &master, &[]).await.unwrap();
        assert!(first.is_none());
        assert_eq!(again.root_key().unwrap().secret_access_key.expose(), key.secret_access_key.expose());
        let same = again.credential(&key.access_key_id, None, clock.now()).unwrap();
        assert_eq!(same.principal, found.principal);
    }

    #[tokio::test]
    async fn accounts_are_made_and_their_keys_renewed_without_a_restart() {
        let (kv, clock) = (Kv::memory(), Clock::simulated(Timestamp::from_seconds(1_000_000), 1));
        let master = MasterKey::ephemeral(&clock);
        let open =
            async || Access::open(&kv, clock.clone(), &master, &[settings("222222222222", "AKIATWO")]).await;
        let (access, _) = open().await.unwrap();
        let id = AccountId::parse("111111111111").unwrap();
        let key = access.create_account(id.clone(), Some("one".to_owned())).await.unwrap();
        let who = |access: &Access, key: &KeyPair| {
            access.credential(&key.access_key_id, None, clock.now()).map(|found| found.principal.arn())
        };
        assert_eq!(who(&access, &key), Ok("arn:aws:iam::111111111111:root".to_owned()));
        let refused = |result: Result<KeyPair, AccessError>| {
            assert!(matches!(result, Err(AccessError::Configuration(_))), "{result:?}");
        };
        refused(access.create_account(id.clone(), None).await);
        refused(access.create_account(AccountId::root(), None).await);
        refused(access.new_root_key(&AccountId::parse("333333333333").unwrap()).await);
        let second = access.new_root_key(&id).await.unwrap();
        refused(access.new_root_key(&id).await);
        access.delete_root_key(&key.access_key_id).await.unwrap();
        assert_eq!(who(&access, &key), Err(CredentialError::UnknownKey));
        access.delete_root_key(&key.access_key_id).await.unwrap_err();
        let root = access.root_key().unwrap();
        access.delete_root_key(&root.access_key_id).await.unwrap_err();
        access.delete_root_key("AKIATWO").await.unwrap_err();
        // One that the configuration names can be kept too, and stays who it is.
        let two = AccountId::parse("222222222222").unwrap();
        let before = access.account(&two).unwrap();
        access.create_account(two.clone(), None).await.unwrap();
        // The key that is printed stays the first one: time is told in milliseconds.
        clock.advance(Duration::from_secs(1));
        access.new_root_key(&AccountId::root()).await.unwrap();

        let (again, _) = open().await.unwrap();
        assert_eq!(who(&again, &second), Ok("arn:aws:iam::111111111111:root".to_owned()));
        assert_eq!(who(&again, &key), Err(CredentialError::UnknownKey));
        assert_eq!(again.account(&two).unwrap().canonical_user_id, before.canonical_user_id);
        assert_eq!(again.root_key().unwrap().access_key_id, root.access_key_id);
        let listed: Vec<_> =
            again.accounts().into_iter().map(|(account, keys)| (account.display_name, keys.len())).collect();
        let expected = [("root", 2), ("one", 1), ("someone", 2)];
        assert_eq!(listed, expected.map(|(name, keys)| (name.to_owned(), keys)));
    }

    #[tokio::test]
    async fn no_secret_is_stored_in_the_clear_and_another_master_key_opens_none() {
        let (kv, clock) = (Kv::memory(), Clock::real());
        let master = MasterKey::ephemeral(&clock);
        let (_, first) = Access::open(&kv, clock.clone(), &master, &[]).await.unwrap();
        let secret = first.unwrap().key.secret_access_key;
        let everything = names::KeyRange { start: vec![], end: vec![] };
        for (_, value) in kv::Read::range(&kv, &everything, 100).await.unwrap() {
            let stored = String::from_utf8_lossy(&value).into_owned();
            assert!(!stored.contains(secret.expose()));
        }
        let other = Access::open(&kv, clock.clone(), &MasterKey::ephemeral(&clock), &[]).await;
        assert!(matches!(other, Err(AccessError::Sealed(_))));
    }

    #[tokio::test]
    async fn a_session_holds_until_it_expires_and_only_as_a_whole() {
        let kv = Kv::memory();
        let clock = Clock::simulated(Timestamp::from_seconds(1_000_000), 1);
        let master = MasterKey::ephemeral(&clock);
        let (access, first) = Access::open(&kv, clock.clone(), &master, &[]).await.unwrap();
        let root_key_id = first.unwrap().key.access_key_id;
        let session = access.session(session_request()).unwrap();
        assert!(session.access_key_id.starts_with("ASIA") && session.access_key_id.len() == 20);
        let token = session.session_token.expose();

        let found = access.credential(&session.access_key_id, Some(token), clock.now()).unwrap();
        assert_eq!(found.secret.expose(), session.secret_access_key.expose());
        assert_eq!(found.principal.arn(), "arn:aws:sts::000000000000:assumed-role/photos/thumb");

        let ask = |id: &str, token: Option<&str>| access.credential(id, token, clock.now()).unwrap_err();
        assert_eq!(ask(&session.access_key_id, None), CredentialError::UnknownKey);
        assert_eq!(ask(&session.access_key_id, Some("AAAA")), CredentialError::InvalidToken);
        assert_eq!(ask(&session.access_key_id, Some(&"A".repeat(9999))), CredentialError::InvalidToken);
        assert_eq!(ask(&root_key_id, Some(token)), CredentialError::InvalidToken);
        let other = access.session(session_request()).unwrap();
        assert_eq!(ask(&other.access_key_id, Some(token)), CredentialError::InvalidToken);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(ask(&session.access_key_id, Some(token)), CredentialError::ExpiredToken);
    }

    #[tokio::test]
    async fn configured_accounts_live_beside_the_stored_one() {
        let (kv, clock) = (Kv::memory(), Clock::real());
        let master = MasterKey::ephemeral(&clock);
        let settings = [settings("111111111111", "AKIAONE"), settings("000000000000", "AKIATWO")];
        let (access, _) = Access::open(&kv, clock.clone(), &master, &settings).await.unwrap();
        let one = access.credential("AKIAONE", None, clock.now()).unwrap();
        assert_eq!(one.principal.account().map(AccountId::as_str), Some("111111111111"));
        assert!(access.knows_key("AKIATWO"));
        // The next start's configuration no longer names them.
        let (access, _) = Access::open(&kv, clock.clone(), &master, &[]).await.unwrap();
        assert!(!access.knows_key("AKIAONE") && !access.knows_key("AKIATWO"));

        let twice = [settings[0].clone(), settings[0].clone()];
        let refused = Access::open(&kv, clock.clone(), &master, &twice).await;
        assert!(matches!(refused, Err(AccessError::Configuration(_))));
    }
}
