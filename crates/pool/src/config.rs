use crate::AccountConcurrency;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The pool's bounds. [`PoolConfig::new`] gives the usual ones.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// A directory of our own, for merged layers, which [`crate::Pool::new`] removes, and what was compiled
    /// of components and packages, which it keeps.
    pub state_dir: PathBuf,
    /// The executable that calls [`crate::compile_main`] when its first argument is
    /// [`crate::COMPILE_ARGUMENT`]; normally `/proc/self/exe`.
    pub compiler: PathBuf,
    /// Sum of the configured memory of all live instances, busy and idle, in MiB.
    pub memory_mb_max: u32,
    /// Memory that sandboxes made ahead of need may take together, in MiB; beside `memory_mb_max`, since
    /// nothing of it belongs to an instance. Zero makes none. One template for each Python runtime comes on
    /// top, about 50 MiB.
    pub prewarm_memory_mb: u32,
    /// Invocations that one account may have running at once.
    pub account_concurrency: AccountConcurrency,
    /// Invocations that may wait for memory at once; further ones are throttled at once.
    pub waiting_max: usize,
    /// How long one may wait for memory before it is throttled.
    pub wait_max: Duration,
    /// An instance that had nothing to do for this long is ended.
    pub idle_timeout: Duration,
    /// How long after an invocation an instance is frozen: under load most get their next event before,
    /// and neither the freezing nor the thawing is paid for.
    pub freeze_after: Duration,
    /// How long a process may take to ask for its first event before its start is repeated inside the
    /// invocation.
    pub init_timeout: Duration,
    /// Cap every instance at its share of CPU, rather than sharing by weight only under contention.
    pub cpu_hard_quota: bool,
    /// Where the front door is inside a sandbox; code finds it in `AWS_ENDPOINT_URL`.
    pub endpoint_inside: SocketAddr,
    /// Further names of the loopback address inside a sandbox.
    pub host_names: Vec<String>,
    /// What bounds the policies of all functions; each says its own in `VersionSpec`.
    pub egress: egress::Config,
}

/// What is set aside for prewarmed sandboxes on a large machine; a small one sets aside an eighth.
const PREWARM_MEMORY_MB: u32 = 1024;

impl PoolConfig {
    pub fn new(state_dir: PathBuf, memory_mb_max: u32) -> Self {
        PoolConfig {
            state_dir,
            compiler: PathBuf::from("/proc/self/exe"),
            memory_mb_max,
            prewarm_memory_mb: (memory_mb_max / 8).min(PREWARM_MEMORY_MB),
            account_concurrency: AccountConcurrency::from(1000),
            waiting_max: 1000,
            wait_max: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(300),
            freeze_after: Duration::from_millis(100),
            init_timeout: Duration::from_secs(10),
            cpu_hard_quota: false,
            endpoint_inside: SocketAddr::from(([127, 0, 0, 1], 4566)),
            // Tools made for local clouds preset this name, which resolves to loopback everywhere.
            host_names: vec!["localhost.localstack.cloud".to_owned()],
            egress: egress::Config::default(),
        }
    }
}
