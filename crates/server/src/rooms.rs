//! The house, built from the bottom up, and taken down in order.

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::instances::{FrontInside, PooledInstances, RoleSessions};
use crate::listener::ListenerConfig;
use crate::metrics::Metrics;
use crate::{function_log, guardrails, issuers, machine};
use access::{Access, AccountSettings, Iam, KeyPair, MasterKey};
use api::{Front, FrontConfig, Services};
use audit::Log;
use blob::Blobs;
use clock::Clock;
use functions::Functions;
use kv::{Kv, KvError, SqliteOptions};
use meters::Meters;
use names::Region;
use objects::Objects;
use pool::{Pool, PoolConfig};
use queues::Queues;
use runtime::{Runtimes, packs};
use sandbox::{Host, HostOptions, Layer};
use std::collections::BTreeSet;
use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tables::Tables;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use topics::Topics;
use triggers::{Destinations, Mappings, Peers, TableTransfers, TopicDeliveries, Triggers};

/// Between two sweeps of forgotten blobs.
const SWEEP_EVERY: Duration = Duration::from_secs(10 * 60);

/// One of so many of the server's descriptors may be a connection of a function.
const DESCRIPTORS_PER_FLOW: usize = 4;

pub struct Settings<'a> {
    pub data: &'a DataDir,
    pub packs: PathBuf,
    pub config: &'a Config,
    pub accounts: Vec<AccountSettings>,
    pub region: Region,
    pub address: SocketAddr,
    pub may_lack: BTreeSet<Layer>,
}

pub struct Rooms {
    pub clock: Clock,
    pub front: Front,
    pub listening: ListenerConfig,
    pub root_key: KeyPair,
    /// The store was empty.
    pub first_start: bool,
    meters: Meters,
    iam: Iam,
    audit: Log,
    kv: Kv,
    blobs: Blobs,
    functions: Functions,
    pool: Pool,
    runtimes: Runtimes,
    inside: Arc<FrontInside>,
    /// Packs of our own, that no other server uses.
    own_packs: Option<PathBuf>,
}

impl Rooms {
    /// Opens the store, which locks the directory, before anything else in it is touched; then removes
    /// what a killed predecessor left running.
    pub async fn build(settings: Settings<'_>) -> Result<Rooms, Box<dyn Error>> {
        let Settings { data, packs, config, accounts, region, address, may_lack } = settings;
        let clock = Clock::real();
        let kv = open_store(data, &clock).await?;
        data.close_to_others()?;
        let host = sandbox_host(data, may_lack, &clock)?;
        let master = MasterKey::load_or_create(&data.master_key(), &clock)?;
        let (access, first_start) = Access::open(&kv, clock.clone(), &master, &accounts).await?;
        access.set_guardrails(guardrails::load(config)?.0);
        access.set_issuers(issuers::load(config)?);
        let root_key = access.root_key().ok_or("the store has an account but no root key")?;
        let blobs = Blobs::local(data.blobs(), clock.clone())?;
        let objects = Objects::new(kv.clone(), blobs.clone(), clock.clone());
        let tables = Tables::new(kv.clone(), clock.clone());
        let queues = Queues::new(kv.clone(), clock.clone());
        let topics = Topics::new(kv.clone(), clock.clone());

        let runtimes = Runtimes::open_with_packs(data.path(), &packs)?;
        let inside = Arc::new(FrontInside::default());
        let (log, lines) = runtime::log::channel();
        tokio::spawn(function_log::write(lines));
        let memory_mb = config.limits.function_memory_mb.unwrap_or_else(machine::memory_mb);
        let mut pool_config = PoolConfig::new(data.instances(), memory_mb);
        pool_config.account_concurrency = config.account_concurrency();
        if let Some(prewarm_memory_mb) = config.limits.prewarm_memory_mb {
            pool_config.prewarm_memory_mb = prewarm_memory_mb;
        }
        let mut functions_config = functions::Config::new(data.code());
        functions_config.image_directory = data.images();
        functions_config.account_concurrency = config.account_concurrency();
        let egress = egress::Config {
            flows_max: machine::descriptors() / DESCRIPTORS_PER_FLOW,
            ..config.egress.read()?
        };
        pool_config.egress = egress.clone();
        functions_config.egress = egress;
        let pool = Pool::new(
            pool_config,
            host,
            clock.clone(),
            runtimes.clone(),
            inside.clone(),
            Arc::new(RoleSessions { access: access.clone() }),
            log,
        )?;
        let meters = Meters::new(kv.clone(), clock.clone());
        let functions = Functions::new(
            functions_config,
            kv.clone(),
            blobs.clone(),
            clock.clone(),
            Arc::new(PooledInstances {
                pool: pool.clone(),
                runtimes: runtimes.clone(),
                meters: meters.clone(),
            }),
        )?;

        let base_domains = config.base_domains();
        let audit = Log::open(&data.audit(), clock.clone(), config.audit.settings())
            .map_err(|error| format!("audit log {}: {error}", data.audit().display()))?;
        let iam = access.iam().clone();
        let peers = Peers {
            functions: functions.clone(),
            objects: objects.clone(),
            tables: tables.clone(),
            queues: queues.clone(),
            topics: topics.clone(),
        };
        let mappings = Mappings::new(kv.clone(), clock.clone(), access.clone(), peers.clone());
        let destinations = Destinations::new(kv.clone(), clock.clone(), access.clone(), peers);
        let services = Services {
            clock: clock.clone(),
            kv: kv.clone(),
            blobs: blobs.clone(),
            access,
            objects,
            tables,
            queues,
            topics,
            mappings,
            destinations,
            functions: functions.clone(),
            audit: audit.clone(),
            base_domain: base_domains.first().cloned().unwrap_or_default(),
        };
        let front = Front::new(
            Arc::new(services),
            FrontConfig {
                base_domains,
                region,
                rates: config.rates(),
                address,
                data_events: config.audit.data_events,
            },
        );
        let listening = ListenerConfig {
            connections_max: config.limits.connections,
            head_timeout: Duration::from_secs(config.limits.head_timeout_seconds),
            write_timeout: Duration::from_secs(config.limits.write_timeout_seconds),
        };
        inside.open(front.clone(), listening.clone());
        let own_packs = (packs == data.packs()).then_some(packs);
        let first_start = first_start.is_some();
        Ok(Rooms {
            clock,
            front,
            listening,
            root_key,
            first_start,
            meters,
            iam,
            audit,
            kv,
            blobs,
            functions,
            pool,
            runtimes,
            inside,
            own_packs,
        })
    }

    pub fn access(&self) -> Access {
        self.front.services().access.clone()
    }

    pub fn functions(&self) -> Functions {
        self.functions.clone()
    }

    pub fn meters(&self) -> Meters {
        self.meters.clone()
    }

    /// What Prometheus is told of.
    pub fn metrics(&self) -> Metrics {
        Metrics {
            clock: self.clock.clone(),
            front: self.front.clone(),
            pool: self.pool.clone(),
            kv: self.kv.clone(),
            functions: self.functions.clone(),
            meters: self.meters.clone(),
        }
    }

    /// Starts what runs beside requests, which begins nothing new once `stop` is cancelled. Nothing of it
    /// holds up the first request.
    pub fn start_background(self, stop: CancellationToken) -> Background {
        let Rooms {
            clock,
            front,
            kv,
            blobs,
            functions,
            pool,
            runtimes,
            inside,
            own_packs,
            meters,
            iam,
            audit,
            ..
        } = self;
        runtimes.warm();
        if let Some(packs) = own_packs {
            tokio::task::spawn_blocking(move || {
                if let Err(error) = packs::sweep(&packs) {
                    tracing::warn!(%error, "replaced runtime packs are left for the next start");
                }
            });
        }
        let (tell, stopping) = watch::channel(false);
        let told = stop.clone();
        tokio::spawn(async move {
            told.cancelled().await;
            // An error says that nobody is left to be told.
            let _ = tell.send(true);
        });
        let watcher = tokio::spawn(end_with_store(kv.clone(), stop));
        let triggers = Triggers::new(
            kv.clone(),
            clock.clone(),
            functions.event_bounds(),
            front.services().queues.clone(),
            front.services().topics.clone(),
        );
        let triggers = tokio::spawn(triggers.run(stopping.clone()));
        let topics = &front.services().topics;
        let deliveries = TopicDeliveries::new(
            kv.clone(),
            clock.clone(),
            topics.clone(),
            front.services().queues.clone(),
            functions.event_bounds(),
        );
        let deliveries = tokio::spawn(deliveries.run(stopping.clone()));
        let topics =
            vec![tokio::spawn(topics.clone().keep_swept()), tokio::spawn(topics.clone().keep_expired())];
        let mappings = tokio::spawn(front.services().mappings.clone().run(stopping.clone()));
        let destinations = tokio::spawn(front.services().destinations.clone().run(stopping.clone()));
        let dispatcher = tokio::spawn(functions.clone().dispatch(stopping.clone()));
        let metering = tokio::spawn(meters.clone().run(stopping.clone()));
        let noting = tokio::spawn(iam.clone().keep_last_used(stopping));
        let (tables, objects) = (&front.services().tables, &front.services().objects);
        let transfers = TableTransfers::new(tables.clone(), objects.clone(), clock.clone());
        let tables = vec![
            tokio::spawn(transfers.run()),
            tokio::spawn(tables.clone().keep_swept()),
            tokio::spawn(tables.clone().keep_filled()),
            tokio::spawn(tables.clone().keep_trimmed()),
            tokio::spawn(tables.clone().keep_expired()),
            tokio::spawn(tables.clone().keep_copied()),
            tokio::spawn(tables.clone().keep_forgotten()),
        ];
        let queues = &front.services().queues;
        let queues = vec![
            tokio::spawn(queues.clone().keep_swept()),
            tokio::spawn(queues.clone().keep_expired()),
            tokio::spawn(queues.clone().keep_moving()),
        ];
        let sweeper = tokio::spawn(sweep(clock, kv.clone(), blobs, functions.clone()));
        tokio::spawn(async move {
            if let Err(error) = functions.expect_all().await {
                tracing::warn!(%error, "nothing is made ahead of the first invocations");
            }
            if let Err(error) = functions.provision_all().await {
                tracing::error!(%error, "provisioned concurrency is not as configured");
            }
        });
        Background {
            kv,
            pool,
            inside,
            watcher,
            triggers,
            mappings,
            deliveries,
            destinations,
            dispatcher,
            sweeper,
            tables,
            queues,
            topics,
            meters,
            metering,
            iam,
            noting,
            audit,
        }
    }
}

/// How long the lock of a server may outlive it: a child that it was about to start when it was killed holds the lock
/// until it has become another program.
const LOCK_WAIT: Duration = Duration::from_secs(2);

const LOCK_AGAIN: Duration = Duration::from_millis(20);

async fn open_store(data: &DataDir, clock: &Clock) -> Result<Kv, KvError> {
    let began = clock.moment();
    loop {
        match Kv::open(SqliteOptions::new(data.store()), clock.clone()) {
            Err(KvError::Locked(_)) if clock.since(began) < LOCK_WAIT => clock.sleep(LOCK_AGAIN).await,
            opened => return opened,
        }
    }
}

/// What runs beside requests.
pub struct Background {
    kv: Kv,
    pool: Pool,
    inside: Arc<FrontInside>,
    watcher: JoinHandle<()>,
    triggers: JoinHandle<()>,
    mappings: JoinHandle<()>,
    deliveries: JoinHandle<()>,
    destinations: JoinHandle<()>,
    dispatcher: JoinHandle<()>,
    sweeper: JoinHandle<()>,
    tables: Vec<JoinHandle<()>>,
    queues: Vec<JoinHandle<()>>,
    topics: Vec<JoinHandle<()>>,
    meters: Meters,
    metering: JoinHandle<()>,
    iam: Iam,
    noting: JoinHandle<()>,
    audit: Log,
}

impl Background {
    /// To be called after the stop was told: lets running invocations end within `deadline`, cuts the
    /// others, and closes the store. What was accepted and not finished is in the store, and is tried
    /// again at the next start. False when the store had failed.
    pub async fn end(self, deadline: Duration) -> bool {
        self.sweeper.abort();
        self.tables.iter().chain(&self.queues).chain(&self.topics).for_each(JoinHandle::abort);
        self.pool.shutdown(deadline).await;
        for (name, task) in [
            ("triggers", self.triggers),
            ("event source mappings", self.mappings),
            ("deliveries of topics", self.deliveries),
            ("outcomes of events", self.destinations),
            ("asynchronous invocations", self.dispatcher),
            ("meters", self.metering),
            ("last uses of keys", self.noting),
        ] {
            if let Err(error) = task.await {
                tracing::error!(name, %error, "ended badly");
            }
        }
        if let Err(error) = self.meters.flush().await {
            tracing::error!(%error, "what functions used last could not be kept");
        }
        if let Err(error) = self.iam.flush_last_used().await {
            tracing::error!(%error, "when keys and roles were used last could not be kept");
        }
        self.inside.close();
        self.audit.close().await;
        let good = !self.watcher.is_finished();
        self.watcher.abort();
        self.kv.close().await;
        good
    }
}

/// A store whose disk failed promises nothing until it is opened again: better no server than one that
/// refuses everything.
async fn end_with_store(kv: Kv, stop: CancellationToken) {
    let error = kv.poisoned().await;
    tracing::error!(%error, "stopping, since the store failed");
    stop.cancel();
}

/// Removes bytes that nothing names any more: once at the start what a predecessor left, then again and
/// again what was forgotten since.
async fn sweep(clock: Clock, kv: Kv, blobs: Blobs, functions: Functions) {
    if let Err(error) = blobs.sweep_orphans(&kv).await {
        tracing::warn!(%error, "orphaned blobs are left for the next start");
    }
    if let Err(error) = functions.sweep().await {
        tracing::warn!(%error, "unpacked code that nothing names is left for the next start");
    }
    loop {
        if let Err(error) = blobs.sweep(&kv).await {
            tracing::warn!(%error, "forgotten blobs are left for the next sweep");
        }
        clock.sleep(SWEEP_EVERY).await;
        if let Err(error) = functions.sweep_images().await {
            tracing::warn!(%error, "images that nothing names are left for the next sweep");
        }
    }
}

/// Sandboxes, after what a killed predecessor left of its own is gone.
pub fn sandbox_host(
    data: &DataDir,
    mut may_lack: BTreeSet<Layer>,
    clock: &Clock,
) -> Result<Host, Box<dyn Error>> {
    // Without it functions are the more enclosed: they have no network, and their logs say so.
    may_lack.insert(Layer::Egress);
    let host = Host::detect(HostOptions {
        owner: data.tag(),
        state_dir: data.sandboxes(),
        init: PathBuf::from("/proc/self/exe"),
        may_lack,
        clock: clock.clone(),
    })?;
    let swept = tokio::task::block_in_place(|| host.sweep())?;
    if swept.sandboxes > 0 {
        tracing::info!(sandboxes = swept.sandboxes, processes = swept.processes, "removed what was left");
    }
    Ok(host)
}

/// Sandboxes apart from those of every data directory, to try what this machine gives beside a server
/// that runs; with the directory in `place` that they need.
pub fn trial_host(
    place: &Path,
    may_lack: BTreeSet<Layer>,
    clock: &Clock,
) -> Result<(Host, TrialDirectory), Box<dyn Error>> {
    let name = format!("trial-{}", clock.random_token(8));
    let directory = TrialDirectory(place.join(&name));
    std::fs::create_dir(&directory.0)?;
    let host = Host::detect(HostOptions {
        owner: name,
        state_dir: directory.0.clone(),
        init: PathBuf::from("/proc/self/exe"),
        may_lack,
        clock: clock.clone(),
    })?;
    Ok((host, directory))
}

/// Removed with all that is in it when it is dropped.
pub struct TrialDirectory(PathBuf);

impl Drop for TrialDirectory {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "a directory is left");
        }
    }
}
