//! A functions service over memory, with instances that a test scripts.
#![allow(dead_code, reason = "every test file uses another part of it")]

use blob::Blobs;
use bytes::Bytes;
use clock::{Clock, Timestamp};
use functions::{Config, FunctionId, Functions, Instances, Invocation, NewCode, NewFunction};
use kv::Kv;
use names::{AccountId, FunctionName, Region};
use pool::{
    AnswerSink, FunctionError, InstanceKind, InvokeError, InvokeRequest, Metering, Outcome, ProvisionStatus,
    ThrottleReason, VersionSpec,
};
use runtime::RuntimeId;
use std::collections::{BTreeMap, VecDeque};
use std::io::{Cursor, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the next invocation meets.
#[derive(Debug, Clone, Copy)]
pub enum Next {
    Succeed,
    Fail,
    Throttle,
    /// Never answers.
    Hang,
}

/// One invocation that reached an instance.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: Timestamp,
    pub request: InvokeRequest,
    pub spec: Arc<VersionSpec>,
}

/// Answers by script, then with success.
pub struct Scripted {
    clock: Clock,
    script: Mutex<VecDeque<Next>>,
    pub seen: watch::Sender<Vec<Seen>>,
    /// The versions that the last provisioning asked for, with their counts.
    pub provisions: watch::Sender<Vec<(String, u32)>>,
}

impl Scripted {
    pub fn script(&self, next: impl IntoIterator<Item = Next>) {
        self.script.lock().unwrap().extend(next);
    }

    /// Waits until `count` invocations were seen.
    pub async fn wait_for(&self, count: usize) -> Vec<Seen> {
        let mut seen = self.seen.subscribe();
        let reached = seen.wait_for(|all| all.len() >= count);
        match Clock::real().timeout(Duration::from_secs(20), reached).await {
            Some(all) => all.unwrap().clone(),
            None => panic!("waited for {count} invocations, saw {}", self.seen.borrow().len()),
        }
    }
}

impl Instances for Scripted {
    fn invoke(
        &self,
        spec: Arc<VersionSpec>,
        request: InvokeRequest,
    ) -> Boxed<'_, Result<Outcome, InvokeError>> {
        let next = self.script.lock().unwrap().pop_front().unwrap_or(Next::Succeed);
        let version = spec.version.clone();
        let payload = request.payload.clone();
        self.seen.send_modify(|seen| seen.push(Seen { at: self.clock.now(), request, spec }));
        Box::pin(async move {
            let function_error = match next {
                Next::Succeed => None,
                Next::Fail => Some(FunctionError::Unhandled),
                Next::Throttle => {
                    return Err(InvokeError::Throttled(ThrottleReason::ReservedConcurrency));
                }
                Next::Hang => std::future::pending().await,
            };
            Ok(Outcome {
                payload,
                content_type: "application/json".to_owned(),
                streamed: false,
                function_error,
                log_tail: String::new(),
                executed_version: version,
                metering: Metering::default(),
            })
        })
    }

    /// Whole answers all the same.
    fn invoke_into(
        &self,
        spec: Arc<VersionSpec>,
        request: InvokeRequest,
        _: AnswerSink,
    ) -> Boxed<'_, Result<Outcome, InvokeError>> {
        self.invoke(spec, request)
    }

    fn drain<'a>(&'a self, _: &'a str, _: Option<&'a str>) -> Boxed<'a, ()> {
        Box::pin(async {})
    }

    fn provision(&self, _: &str, versions: Vec<(Arc<VersionSpec>, u32)>) {
        let versions = versions.into_iter().map(|(spec, count)| (spec.version.clone(), count)).collect();
        self.provisions.send_replace(versions);
    }

    fn provisioned(&self, _: &str, _: &str) -> ProvisionStatus {
        ProvisionStatus::default()
    }

    fn snapshot(&self, _: Arc<VersionSpec>) -> Boxed<'_, Result<(), pool::SnapshotFailure>> {
        Box::pin(async { Ok(()) })
    }

    fn expect(&self, _: &InstanceKind) {}

    fn prepare(&self, _: &std::path::Path, _: &[std::path::PathBuf]) {}

    fn check_runtime(&self, runtime: &RuntimeId) -> Result<(), String> {
        if runtime.as_str() == "nodejs20.x" { Ok(()) } else { Err(format!("{runtime} is not here")) }
    }
}

pub struct World {
    pub functions: Functions,
    pub instances: Arc<Scripted>,
    pub kv: Kv,
    pub clock: Clock,
    pub directory: TempDir,
}

impl World {
    pub fn new() -> World {
        World::with(|_| ())
    }

    pub fn with(configure: impl FnOnce(&mut Config)) -> World {
        let directory = tempfile::tempdir().unwrap();
        World::over(Kv::memory(), directory, Timestamp::from_seconds(1_800_000_000), configure)
    }

    /// The same data under a new process, so to speak.
    pub fn restarted(self) -> World {
        let World { kv, directory, clock, .. } = self;
        World::over(kv, directory, clock.now(), |_| ())
    }

    fn over(kv: Kv, directory: TempDir, now: Timestamp, configure: impl FnOnce(&mut Config)) -> World {
        let clock = Clock::simulated(now, 7);
        let blobs = Blobs::local(directory.path().join("blob"), Clock::real()).unwrap();
        let instances = Arc::new(Scripted {
            clock: clock.clone(),
            script: Mutex::default(),
            seen: watch::Sender::new(Vec::new()),
            provisions: watch::Sender::new(Vec::new()),
        });
        let mut config = Config::new(directory.path().join("code"));
        configure(&mut config);
        let functions = Functions::new(config, kv.clone(), blobs, clock.clone(), instances.clone()).unwrap();
        World { functions, instances, kv, clock, directory }
    }

    pub async fn create(&self, name: &str) -> FunctionId {
        let id = id(name);
        self.functions.create_function(new_function(name, zip("exports.handler"))).await.unwrap();
        id
    }

    /// Names of the unpacked pieces of code.
    pub fn unpacked(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path().join("code")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != ".boot").collect()
    }
}

/// An ordinary one, by a caller who waits.
pub fn invocation(name: &str) -> Invocation {
    Invocation {
        id: id(name),
        qualifier: None,
        request_id: "id".to_owned(),
        payload: Bytes::from_static(b"{}"),
        client_context: None,
        trace_id: None,
        until_end: true,
    }
}

pub fn id(name: &str) -> FunctionId {
    FunctionId {
        account: AccountId::root(),
        region: Region::default_region(),
        name: FunctionName::parse(name).unwrap(),
    }
}

pub fn zip(content: &str) -> Bytes {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("index.js", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(content.as_bytes()).unwrap();
    Bytes::from(writer.finish().unwrap().into_inner())
}

pub fn new_function(name: &str, code: Bytes) -> NewFunction {
    NewFunction {
        id: id(name),
        runtime: "nodejs20.x".to_owned(),
        handler: "index.handler".to_owned(),
        role: "arn:aws:iam::000000000000:role/r".to_owned(),
        description: String::new(),
        memory_mb: 128,
        timeout_s: 3,
        tmp_mb: 512,
        environment: BTreeMap::new(),
        layers: Vec::new(),
        logging: functions::LoggingUpdate::default(),
        snap_start: false,
        tags: BTreeMap::new(),
        code: NewCode::Zip(code),
        image_config: functions::ImageConfig::default(),
        dead_letters: None,
        publish: false,
    }
}

/// Lets other tasks run until `done` holds.
pub async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..20_000 {
        if done().await {
            return;
        }
        tokio::task::yield_now().await;
        std::thread::yield_now();
    }
    panic!("never came: {what}");
}
