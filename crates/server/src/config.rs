//! The configuration file, parsed once into typed values; unknown keys are refused.

use access::{AccountSettings, KeyPair, Secret, WELL_KNOWN_KEY};
use api::{Rate, RateLimits};
use names::AccountId;
use pool::AccountConcurrency;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Host names below which `{bucket}.s3.*`, `{bucket}.*` and `{id}.lambda-url.*` are understood; printed
/// URLs use the first.
const BASE_DOMAINS: [&str; 3] = ["localhost", "localhost.localstack.cloud", "amazonaws.com"];

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub base_domains: Option<Vec<String>>,
    pub account: Vec<Account>,
    pub limits: Limits,
    pub egress: EgressRules,
    pub audit: Audit,
    pub guardrails: GuardrailFiles,
    pub oidc_issuer: Vec<OidcIssuer>,
    /// Where the file is: relative paths in it begin there.
    #[serde(skip)]
    pub directory: PathBuf,
}

/// `[[oidc_issuer]]`: whose tokens `AssumeRoleWithWebIdentity` may believe.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcIssuer {
    /// As in the tokens' `iss`: `https://…`.
    pub url: String,
    /// The issuer's JSON Web Key Set. Keys are never fetched.
    pub jwks_file: PathBuf,
}

/// `[guardrails]`: what binds every account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuardrailFiles {
    /// Files that each hold one policy, in the form of a service control policy.
    pub policies: Vec<PathBuf>,
}

/// `[[account]]`: an account known for as long as the configuration names it, and what binds it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    pub id: AccountId,
    /// Both or neither: of an account whose keys are made elsewhere, only the rest is said here.
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    pub canonical_user_id: Option<String>,
    pub display_name: Option<String>,
    /// As `guardrails.policies`, for this account alone.
    #[serde(default)]
    pub guardrails: Vec<PathBuf>,
    /// Instead of what `[limits]` gives every account.
    #[serde(default)]
    pub limits: AccountLimits,
}

/// `[account.limits]`: what is not said is as for every account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountLimits {
    /// Invocations at once in a region.
    pub concurrency: Option<u32>,
    pub requests_per_second: Option<u32>,
    /// Requests at once after a pause; as many as in a second, where nothing is said.
    pub request_burst: Option<u32>,
}

/// Never shows the secret.
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Account { id, access_key_id, .. } = self;
        f.debug_struct("Account")
            .field("id", id)
            .field("access_key_id", access_key_id)
            .finish_non_exhaustive()
    }
}

/// `[egress]`: what functions may connect to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EgressRules {
    /// For functions without the tag `zerun:egress`; written as that is.
    pub default: String,
    /// Private address blocks that allow-lists may open.
    pub allow_private: Vec<String>,
    /// Address blocks that nothing opens.
    pub deny: Vec<String>,
    /// Addresses of resolvers, instead of the machine's own.
    pub nameservers: Vec<IpAddr>,
}

impl Default for EgressRules {
    fn default() -> Self {
        EgressRules {
            default: egress::Policy::default().to_string(),
            allow_private: Vec::new(),
            deny: Vec::new(),
            nameservers: Vec::new(),
        }
    }
}

impl EgressRules {
    /// # Errors
    /// What is no policy or no address block, or opens what cannot be opened.
    pub fn read(&self) -> Result<egress::Config, String> {
        let blocks = |key: &str, blocks: &[String]| {
            let blocks = blocks.iter().map(|block| block.parse::<egress::Cidr>());
            blocks.collect::<Result<Vec<_>, _>>().map_err(|error| format!("egress.{key}: {error}"))
        };
        let bounds = egress::Bounds {
            allow_private: blocks("allow_private", &self.allow_private)?,
            deny: blocks("deny", &self.deny)?,
        };
        bounds.check().map_err(|error| format!("egress.allow_private: {error}"))?;
        let default: egress::Policy =
            self.default.parse().map_err(|error| format!("egress.default: {error}"))?;
        bounds.admit(&default).map_err(|error| format!("egress.default: {error}"))?;
        let nameservers = self.nameservers.iter().map(|address| SocketAddr::new(*address, 53)).collect();
        Ok(egress::Config { default, bounds, nameservers, ..egress::Config::default() })
    }
}

/// `[audit]`: what the audit log keeps.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Whether to record what is done to objects, and invocations. Denials are recorded in any case.
    pub data_events: bool,
    /// Days after which records go.
    pub retention_days: u32,
    /// MiB that all records may take; the oldest go first.
    pub max_mb: u32,
}

impl Default for Audit {
    fn default() -> Self {
        Audit { data_events: true, retention_days: 90, max_mb: 10 * 1024 }
    }
}

impl Audit {
    pub fn settings(&self) -> audit::Settings {
        audit::Settings {
            retention: Duration::from_secs(u64::from(self.retention_days) * 24 * 60 * 60),
            bytes_max: u64::from(self.max_mb) << 20,
            ..audit::Settings::default()
        }
    }
}

/// `[limits]`: what one server gives at most.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Client connections at once; further ones wait to be accepted.
    pub connections: usize,
    /// Seconds a client may take to send a request's head, and a connection may idle between two.
    pub head_timeout_seconds: u64,
    /// Seconds a client may take nothing of an answer that is ready for it, before it is cut off.
    pub write_timeout_seconds: u64,
    /// Configured memory of all live function instances together, in MiB; by default the machine's, or
    /// the container's.
    pub function_memory_mb: Option<u32>,
    /// Memory that sandboxes and interpreters made ahead of need may take together, in MiB, beside
    /// `function_memory_mb`; by default an eighth of that, at most 1024. 0 makes none.
    pub prewarm_memory_mb: Option<u32>,
    /// Invocations that one account may have running at once in a region.
    pub account_concurrency: u32,
    /// Requests that one account may make in a second, and at once after a pause; as many as come, where nothing is
    /// said.
    pub requests_per_second: Option<u32>,
    pub request_burst: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 4096,
            head_timeout_seconds: 60,
            write_timeout_seconds: 120,
            function_memory_mb: None,
            prewarm_memory_mb: None,
            account_concurrency: 1000,
            requests_per_second: None,
            request_burst: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path}: {message}")]
    Content { path: PathBuf, message: String },
}

impl Config {
    /// # Errors
    /// The file cannot be read, is not TOML, has an unknown key or a value out of its bounds.
    pub fn load(path: Option<&Path>) -> Result<Config, ConfigError> {
        let Some(path) = path else {
            return Ok(Config::default());
        };
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let refused = |message| ConfigError::Content { path: path.to_owned(), message };
        let mut config: Config = toml::from_str(&text).map_err(|error| refused(describe(&text, &error)))?;
        config.directory = path.parent().map(Path::to_owned).unwrap_or_default();
        config.check().map_err(refused)?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        self.egress.read()?;
        if !(1..=1_000_000).contains(&self.limits.connections) {
            return Err("limits.connections must be 1-1000000".to_owned());
        }
        if !(1..=3600).contains(&self.limits.head_timeout_seconds) {
            return Err("limits.head_timeout_seconds must be 1-3600".to_owned());
        }
        if !(1..=3600).contains(&self.limits.write_timeout_seconds) {
            return Err("limits.write_timeout_seconds must be 1-3600".to_owned());
        }
        if self.limits.function_memory_mb.is_some_and(|mb| mb < 128) {
            return Err("limits.function_memory_mb must be at least 128".to_owned());
        }
        if !(1..=100_000).contains(&self.limits.account_concurrency) {
            return Err("limits.account_concurrency must be 1-100000".to_owned());
        }
        if !(1..=3650).contains(&self.audit.retention_days) {
            return Err("audit.retention_days must be 1-3650".to_owned());
        }
        if self.audit.max_mb < 128 {
            return Err("audit.max_mb must be at least 128".to_owned());
        }
        let (per_second, burst) = (self.limits.requests_per_second, self.limits.request_burst);
        check_rate("limits", per_second, burst)?;
        for domain in self.base_domains.iter().flatten() {
            let plain = !domain.is_empty()
                && domain.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
                && !domain.starts_with('.')
                && !domain.ends_with('.');
            if !plain {
                return Err(format!("base_domains: {domain:?} is not a lower-case host name"));
            }
        }
        if self.base_domains.as_ref().is_some_and(Vec::is_empty) {
            return Err("base_domains must name at least one".to_owned());
        }
        for account in &self.account {
            let id = &account.id;
            match (&account.access_key_id, &account.secret_access_key) {
                (Some(_), None) => {
                    return Err(format!("account {id}: access_key_id without secret_access_key"));
                }
                (None, Some(_)) => {
                    return Err(format!("account {id}: secret_access_key without access_key_id"));
                }
                _ => {}
            }
            let AccountLimits { concurrency, requests_per_second, request_burst } = account.limits;
            if concurrency.is_some_and(|most| !(1..=100_000).contains(&most)) {
                return Err(format!("account {id}: limits.concurrency must be 1-100000"));
            }
            let per_second = requests_per_second.or(self.limits.requests_per_second);
            check_rate(&format!("account {id}: limits"), per_second, request_burst)?;
            let has_limits = |other: &&Account| other.id == *id && other.limits != AccountLimits::default();
            if self.account.iter().filter(has_limits).count() > 1 {
                return Err(format!("account {id}: its limits are said twice"));
            }
            if let Some(canonical) = &account.canonical_user_id
                && !(canonical.len() == 64 && canonical.bytes().all(|b| b.is_ascii_hexdigit()))
            {
                return Err(format!("account {id}: canonical_user_id must be 64 hexadecimal digits"));
            }
        }
        Ok(())
    }

    pub fn base_domains(&self) -> Vec<String> {
        self.base_domains.clone().unwrap_or_else(|| BASE_DOMAINS.map(str::to_owned).to_vec())
    }

    /// What each account may have running.
    pub fn account_concurrency(&self) -> AccountConcurrency {
        let of = |account: &Account| Some((account.id.clone(), account.limits.concurrency?));
        let accounts = self.account.iter().filter_map(of).collect();
        AccountConcurrency { default: self.limits.account_concurrency, accounts }
    }

    /// What each account may ask for.
    pub fn rates(&self) -> RateLimits {
        let default = rate(self.limits.requests_per_second, self.limits.request_burst);
        let of = |account: &Account| {
            let AccountLimits { requests_per_second, request_burst, .. } = account.limits;
            let said = requests_per_second.is_some() || request_burst.is_some();
            let per_second = requests_per_second.or(self.limits.requests_per_second);
            Some((account.id.clone(), rate(per_second, request_burst)?)).filter(|_| said)
        };
        RateLimits { default, accounts: self.account.iter().filter_map(of).collect() }
    }

    /// The configured accounts; with `dev` also the well-known key pair of the root account.
    pub fn accounts(&self, dev: bool) -> Vec<AccountSettings> {
        let configured = self.account.iter().map(|account| AccountSettings {
            id: account.id.clone(),
            key: account.key(),
            canonical_user_id: account.canonical_user_id.clone(),
            display_name: account.display_name.clone(),
        });
        let well_known = (dev && !self.names_well_known_key()).then(|| AccountSettings {
            id: AccountId::root(),
            key: Some(KeyPair {
                access_key_id: WELL_KNOWN_KEY.to_owned(),
                secret_access_key: Secret::new(WELL_KNOWN_KEY),
            }),
            canonical_user_id: None,
            display_name: None,
        });
        configured.chain(well_known).collect()
    }

    /// A configured key that everybody can guess, whatever its secret is.
    pub fn names_well_known_key(&self) -> bool {
        self.account.iter().any(|account| account.access_key_id.as_deref() == Some(WELL_KNOWN_KEY))
    }
}

fn rate(per_second: Option<u32>, burst: Option<u32>) -> Option<Rate> {
    let per_second = per_second?;
    Some(Rate { per_second, burst: burst.unwrap_or(per_second) })
}

fn check_rate(place: &str, per_second: Option<u32>, burst: Option<u32>) -> Result<(), String> {
    if per_second.is_none() && burst.is_some() {
        return Err(format!("{place}.request_burst without requests_per_second"));
    }
    for (name, value) in [("requests_per_second", per_second), ("request_burst", burst)] {
        if value.is_some_and(|value| !(1..=1_000_000).contains(&value)) {
            return Err(format!("{place}.{name} must be 1-1000000"));
        }
    }
    Ok(())
}

impl Account {
    fn key(&self) -> Option<KeyPair> {
        let (access_key_id, secret) = (self.access_key_id.clone()?, self.secret_access_key.clone()?);
        Some(KeyPair { access_key_id, secret_access_key: Secret::new(secret) })
    }
}

/// Without the quotation of the line that the library would add: it may hold a secret.
fn describe(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("line {}: {}", before.matches('\n').count() + 1, error.message())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::load(Some(file.path())).map_err(|error| error.to_string())
    }

    #[test]
    fn accounts_and_limits_are_read() {
        let config = read(
            r#"
            base_domains = ["cloud.example"]
            [[account]]
            id = "111111111111"
            access_key_id = "AKIAONE"
            secret_access_key = "secret"
            display_name = "one"
            [limits]
            connections = 7
            "#,
        )
        .unwrap();
        assert_eq!(config.base_domains(), ["cloud.example"]);
        assert_eq!(config.limits, Limits { connections: 7, ..Limits::default() });
        let accounts = config.accounts(true);
        let keys: Vec<_> = accounts.iter().filter_map(|account| account.key.as_ref()).collect();
        let keys: Vec<_> = keys.iter().map(|key| key.access_key_id.as_str()).collect();
        assert_eq!(keys, ["AKIAONE", "test"]);
        assert_eq!(config.accounts(false).len(), 1);
        assert!(!format!("{config:?}").contains("secret\""), "secrets are not shown");
    }

    #[test]
    fn an_account_has_limits_of_its_own() {
        let account = |limits: &str| format!("[[account]]\nid = \"111111111111\"\nlimits = {{ {limits} }}\n");
        let text =
            format!("{}[limits]\nrequests_per_second = 50", account("concurrency = 7, request_burst = 9"));
        let config = read(&text).unwrap();
        let [one, other] = ["111111111111", "222222222222"].map(|id| AccountId::parse(id).unwrap());
        assert_eq!(
            (config.account_concurrency().of(&one), config.account_concurrency().of(&other)),
            (7, 1000)
        );
        let rates = config.rates();
        assert_eq!(rates.default, Some(Rate { per_second: 50, burst: 50 }));
        assert_eq!(rates.accounts.get(&one), Some(&Rate { per_second: 50, burst: 9 }));
        assert!(read("").unwrap().rates() == RateLimits::default());
        for (limits, names) in [
            ("concurrency = 0", "limits.concurrency"),
            ("request_burst = 9", "request_burst"),
            ("requests_per_second = 0", "requests_per_second"),
            ("speed = 1", "speed"),
        ] {
            let refused = read(&account(limits)).unwrap_err();
            assert!(refused.contains(names), "{limits}: {refused}");
        }
        let twice = account("concurrency = 7").repeat(2);
        assert!(read(&twice).unwrap_err().contains("twice"));
    }

    #[test]
    fn what_is_not_known_or_out_of_bounds_is_refused_by_name() {
        for (text, names) in [
            ("speed = 9", "speed"),
            ("[limits]\nconections = 1", "conections"),
            ("[limits]\nconnections = 0", "limits.connections"),
            ("[limits]\naccount_concurrency = 0", "limits.account_concurrency"),
            ("base_domains = []", "base_domains"),
            ("[audit]\nretention_days = 0", "audit.retention_days"),
            ("[audit]\nmax_mb = 1", "audit.max_mb"),
            ("[audit]\nmax_gb = 1", "max_gb"),
            ("[egress]\ndefault = \"everything\"", "egress.default"),
            ("[egress]\ndefault = \"allow:10.0.0.0/8\"", "egress.default"),
            ("[egress]\nallow_private = [\"10.0.0.1/8\"]", "egress.allow_private"),
            ("[egress]\nallow_private = [\"127.0.0.0/8\"]", "egress.allow_private"),
            ("[egress]\nnameservers = [\"dns.example\"]", "IP address"),
            ("base_domains = [\"Big.example\"]", "Big.example"),
            ("[[account]]\nid = \"12\"\naccess_key_id = \"a\"\nsecret_access_key = \"b\"", "12 digits"),
            ("[[account]]\nid = \"111111111111\"\naccess_key_id = \"a\"", "secret_access_key"),
            ("[[account]]\nid = \"111111111111\"\nsecret_access_key = \"a\"", "access_key_id"),
            ("[guardrails]\npolicy = []", "policy"),
            ("[[oidc_issuer]]\nurl = \"https://ci.example\"", "jwks_file"),
            (
                "[[oidc_issuer]]\nurl = \"https://ci.example\"\njwks_file = \"k\"\njwks_uri = \"x\"",
                "jwks_uri",
            ),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(names), "{text}: {refused}");
        }
    }
}
