use clock::Clock;
use names::{AccountId, FunctionName, Region};
use pool::{
    CredentialError, CredentialSource, Credentials, Endpoint, InvokeError, InvokeRequest, LogFormat, Outcome,
    Pool, PoolConfig, VersionSpec,
};
use runtime::log::{LogLine, LogReceiver};
use runtime::{RuntimeId, Runtimes};
use sandbox::{Host, HostOptions};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A pool with a directory, sandboxes and logs of its own.
pub struct World {
    pub pool: Pool,
    pub clock: Clock,
    pub dir: tempfile::TempDir,
    owner: String,
    logs: tokio::sync::Mutex<LogReceiver>,
}

impl World {
    pub fn new() -> Self {
        World::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut PoolConfig)) -> Self {
        World::build(change, |_| runtimes())
    }

    /// With packs that `write` puts below the path it is given.
    pub fn with_packs(write: impl FnOnce(&Path)) -> Self {
        World::build(
            |_| {},
            |dir| {
                let packs = dir.join("packs");
                write(&packs);
                Runtimes::open(dir).unwrap()
            },
        )
    }

    fn build(change: impl FnOnce(&mut PoolConfig), runtimes: impl FnOnce(&Path) -> Runtimes) -> Self {
        let dir = tempfile::Builder::new().prefix("zerun-pool-").tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let clock = Clock::real();
        let owner = format!("pool-{}", clock.random_token(12));
        let host = Host::detect(HostOptions {
            owner: owner.clone(),
            state_dir: dir.path().join("sandboxes"),
            init: PathBuf::from(env!("CARGO_BIN_EXE_pool-probe")),
            may_lack: BTreeSet::new(),
            clock: clock.clone(),
        })
        .unwrap();
        let mut config = PoolConfig::new(dir.path().join("pool"), 8192);
        config.compiler = PathBuf::from(env!("CARGO_BIN_EXE_pool-probe"));
        change(&mut config);
        let (sink, logs) = runtime::log::channel();
        let (endpoint, credentials) = (Arc::new(Echo), Arc::new(FixedCredentials));
        let pool = Pool::new(config, host, clock.clone(), runtimes(dir.path()), endpoint, credentials, sink)
            .unwrap();
        World { pool, clock, dir, owner, logs: tokio::sync::Mutex::new(logs) }
    }

    /// Writes `files` as a function's code.
    pub fn code(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let code = self.dir.path().join("code").join(name);
        for (file, text) in files {
            let path = code.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            let runs = *file == "bootstrap" || file.ends_with(".sh") || file.starts_with("extensions/");
            let mode = if runs { 0o755 } else { 0o644 };
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        std::fs::create_dir_all(&code).unwrap();
        code
    }

    pub fn function(&self, runtime: &str, handler: &str, files: &[(&str, &str)]) -> VersionSpec {
        let name = format!("f-{}", self.clock.random_token(8));
        let code_dir = self.code(&name, files);
        VersionSpec {
            function_arn: format!("arn:aws:lambda:us-east-1:000000000000:function:{name}"),
            function_name: FunctionName::parse(&name).unwrap(),
            version: "$LATEST".into(),
            account_id: AccountId::root(),
            region: Region::default_region(),
            runtime: RuntimeId::parse(runtime).unwrap(),
            handler: handler.into(),
            image: None,
            code_dir,
            layer_dirs: Vec::new(),
            environment: BTreeMap::new(),
            memory_mb: 256,
            timeout: Duration::from_secs(20),
            tmp_mb: 512,
            role_arn: "arn:aws:iam::000000000000:role/r".into(),
            revision: "1".into(),
            reserved_concurrency: None,
            unreserved_concurrency: 1000,
            log_group: format!("/aws/lambda/{name}"),
            log_format: LogFormat::Text,
            snap_start: false,
            egress: egress::Policy::Internet,
        }
    }

    pub fn node(&self, source: &str) -> VersionSpec {
        self.function(&node_runtime(), "index.handler", &[("index.js", source)])
    }

    pub fn python(&self, source: &str) -> VersionSpec {
        self.function(&python_runtime(), "app.handler", &[("app.py", source)])
    }

    pub fn request(&self, payload: &str) -> InvokeRequest {
        InvokeRequest {
            request_id: self.clock.uuid(),
            payload: payload.to_owned().into(),
            invoked_arn: "arn:aws:lambda:us-east-1:000000000000:function:f".into(),
            client_context: None,
            cognito_identity: None,
            wants_tail: true,
            trace_id: None,
        }
    }

    pub async fn try_invoke(&self, spec: &VersionSpec, payload: &str) -> Result<Outcome, InvokeError> {
        self.pool.invoke(Arc::new(spec.clone()), self.request(payload)).await
    }

    pub async fn invoke(&self, spec: &VersionSpec, payload: &str) -> Outcome {
        self.try_invoke(spec, payload).await.unwrap()
    }

    /// The answer's JSON; an error of the function fails the test.
    pub async fn result(&self, spec: &VersionSpec, payload: &str) -> Value {
        let outcome = self.invoke(spec, payload).await;
        assert_eq!(outcome.function_error, None, "{}", describe(&outcome));
        serde_json::from_slice(&outcome.payload).unwrap()
    }

    /// The error document of a function's failure.
    pub async fn error(&self, spec: &VersionSpec, payload: &str) -> (Value, Outcome) {
        let outcome = self.invoke(spec, payload).await;
        assert!(outcome.function_error.is_some(), "{}", describe(&outcome));
        (serde_json::from_slice(&outcome.payload).unwrap(), outcome)
    }

    pub async fn next_line(&self) -> Option<LogLine> {
        self.logs.lock().await.recv().await
    }

    /// Waits until `found` holds for the pool's status.
    pub async fn wait_for(&self, what: &str, found: impl Fn(&pool::PoolStatus) -> bool) {
        let reached = self.clock.timeout(Duration::from_secs(20), async {
            while !found(&self.pool.status()) {
                self.clock.sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(reached.await.is_some(), "{what}: {:?}", self.pool.status());
    }

    /// Ends the pool; nothing may be left.
    pub async fn close(self) {
        self.pool.shutdown(Duration::from_secs(10)).await;
        assert_eq!(self.pool.status().instances, []);
        let owner = self.owner.clone();
        drop(self);
        let left = cgroups_of(&owner);
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Control groups of sandboxes; the host's own two are not counted.
fn cgroups_of(owner: &str) -> Vec<PathBuf> {
    let mut left = Vec::new();
    let mut look = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(directory) = look.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let ours = directory.file_name().is_some_and(|name| name.to_string_lossy().ends_with(owner));
                if ours && entry.file_name() != "init" {
                    left.push(entry.path());
                }
                look.push(entry.path());
            }
        }
    }
    left
}

pub fn describe(outcome: &Outcome) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&outcome.payload), outcome.log_tail)
}

/// Finding interpreters runs them all; once is enough for the tests.
pub fn runtimes() -> Runtimes {
    static RUNTIMES: OnceLock<Runtimes> = OnceLock::new();
    let open = || {
        let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runtimes");
        std::fs::create_dir_all(&data).unwrap();
        Runtimes::open(&data).unwrap()
    };
    RUNTIMES.get_or_init(open).clone()
}

pub fn node_runtime() -> String {
    any_runtime("nodejs")
}

pub fn python_runtime() -> String {
    any_runtime("python")
}

fn any_runtime(prefix: &str) -> String {
    let found = runtimes().report().into_iter().find(|line| line.identifier.starts_with(prefix));
    found.unwrap_or_else(|| panic!("these tests need {prefix} on this machine")).identifier
}

/// Answers every connection with what it said, until it closes.
struct Echo;

impl Endpoint for Echo {
    fn serve(&self, mut stream: tokio::net::TcpStream) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let mut buffer = [0; 1024];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..read]).await.is_err() {
                    return;
                }
            }
        })
    }
}

struct FixedCredentials;

impl CredentialSource for FixedCredentials {
    fn credentials<'a>(
        &'a self,
        spec: &'a VersionSpec,
    ) -> Pin<Box<dyn Future<Output = Result<Credentials, CredentialError>> + Send + 'a>> {
        Box::pin(async move {
            Ok(Credentials {
                access_key_id: "ASIAEXAMPLE".into(),
                secret_access_key: format!("secret of {}", spec.role_arn),
                session_token: "token".into(),
                expires: Clock::real().now() + Duration::from_secs(3600),
            })
        })
    }
}
