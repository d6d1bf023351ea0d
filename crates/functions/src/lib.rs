//! Functions: records, versions, aliases, layers, code, permissions and URLs; invoked at once or later.
//!
//! Knows no HTTP. What a caller was told happened in one transaction of `kv`; instances come from
//! [`Instances`]; events accepted for later wait in `kv` for [`Functions::dispatch`].

mod account;
mod alias;
mod asynchronous;
mod claims;
mod code;
mod concurrency;
mod configuration;
mod create_function;
mod delete_function;
mod download;
mod egress;
mod environment;
mod error;
mod event_invoke_config;
mod expect;
mod function_id;
mod function_url;
mod get_function;
mod image;
mod instances;
mod invoke;
mod keys;
mod layer_permission;
mod layers;
pub mod lineage;
mod list_functions;
mod logging;
mod lookup;
mod pages;
mod permission;
mod provisioned;
mod publish_version;
mod records;
mod recursion;
mod remembered;
mod shared;
mod snap_start;
mod streamed_answer;
mod tags;
mod unreserved;
mod update_function_code;
mod update_function_configuration;

pub use account::AccountUsage;
pub use alias::{AliasChange, AliasRecord, parse_version};
pub use asynchronous::{
    Admission, AsyncEvent, DeadLetter, EVENT_BYTES_MAX, EventBounds, FollowUp, RetrySchedule, Waiting,
    enqueue,
};
pub use code::{ARCHIVE_BYTES_MAX, INLINE_BYTES_MAX, UNPACKED_BYTES_MAX, sweep_images};
pub use configuration::{Code, Configuration};
pub use create_function::NewFunction;
pub use download::{Archive, DOWNLOAD_AGE_MAX};
pub use egress::EGRESS_TAG;
pub use environment::Environment;
pub use error::FunctionsError;
pub use event_invoke_config::{EventInvokeChange, EventInvokeRecord};
pub use function_id::{FunctionId, Version};
pub use function_url::{Cors, InvokeMode, UrlAuth, UrlRecord, UrlTarget};
pub use get_function::FunctionDetails;
pub use image::{ImageCode, ImageConfig, NewCode};
pub use instances::Instances;
pub use invoke::{Answer, Invocation, PAYLOAD_BYTES_MAX};
pub use layer_permission::LAYER_ACTION;
pub use layers::{LayerId, LayerUse, LayerVersion, NewLayerVersion};
pub use logging::{Logging, LoggingUpdate};
pub use pages::Page;
pub use permission::{PolicyRecord, Statement, Use, allows};
pub use provisioned::{ProvisionedRecord, ProvisionedState};
pub use records::{Described, FunctionRecord};
pub use snap_start::SnapshotState;
pub use streamed_answer::{Ended, StreamedAnswer};
pub use update_function_code::CodeUpdate;
pub use update_function_configuration::ConfigurationUpdate;

use blob::Blobs;
use clock::Clock;
use code::CodeStore;
use images::Images;
use kv::Kv;
use pool::AccountConcurrency;
use remembered::Remembered;
use runtime::RuntimeId;
use shared::Shared;
use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use unreserved::Unreserved;

#[derive(Debug, Clone)]
pub struct Config {
    /// Where unpacked code lies.
    pub code_directory: PathBuf,
    /// Where container images lie.
    pub image_directory: PathBuf,
    /// Of all archives together.
    pub code_bytes_max: u64,
    /// What GetAccountSettings tells and reserved concurrency is checked against; the pool enforces it.
    pub account_concurrency: AccountConcurrency,
    /// Asynchronous invocations under way at the same time.
    pub asynchronous_concurrency: usize,
    pub event_bounds: EventBounds,
    pub retry: RetrySchedule,
    /// What functions get that say nothing, and what bounds those that do.
    pub egress: ::egress::Config,
}

impl Config {
    pub fn new(code_directory: PathBuf) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Config {
            image_directory: code_directory.with_file_name("images"),
            code_directory,
            code_bytes_max: 75 * 1024 * 1024 * 1024,
            account_concurrency: AccountConcurrency::from(1000),
            // Of which one function gets half.
            asynchronous_concurrency: (16 * cores).max(32),
            event_bounds: EventBounds::default(),
            retry: RetrySchedule::default(),
            egress: ::egress::Config::default(),
        }
    }
}

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct Functions {
    kv: Kv,
    clock: Clock,
    code: CodeStore,
    remembered: Arc<Remembered>,
    shared: Arc<Shared>,
    unreserved: Arc<Unreserved>,
    instances: Arc<dyn Instances>,
    config: Arc<Config>,
    /// Held while the pool is told what to provision.
    provisioning: Arc<tokio::sync::Mutex<()>>,
    /// Signs download links; a new one with every start.
    download_key: Arc<[u8; 32]>,
    /// Qualified ARNs of versions whose first instance is being initialised.
    ahead: Arc<Mutex<HashSet<String>>>,
}

impl Functions {
    /// # Errors
    /// The code directory cannot be made or read, or the caller is outside of a tokio runtime.
    pub fn new(
        config: Config,
        kv: Kv,
        blobs: Blobs,
        clock: Clock,
        instances: Arc<dyn Instances>,
    ) -> Result<Self, io::Error> {
        let code = CodeStore::open(
            config.code_directory.clone(),
            Images::open(config.image_directory.clone(), clock.clone())?,
            kv.clone(),
            blobs,
            clock.clone(),
            config.code_bytes_max,
        )?;
        let mut download_key = [0; 32];
        clock.fill_random(&mut download_key);
        let (config, download_key) = (Arc::new(config), Arc::new(download_key));
        let (provisioning, ahead) = (Arc::default(), Arc::default());
        let remembered = Arc::new(Remembered::new(&kv));
        let shared = Arc::new(Shared::new(&kv));
        let unreserved = Arc::new(Unreserved::new(&kv));
        Ok(Functions {
            kv,
            clock,
            code,
            remembered,
            shared,
            unreserved,
            instances,
            config,
            provisioning,
            download_key,
            ahead,
        })
    }

    pub fn event_bounds(&self) -> EventBounds {
        self.config.event_bounds
    }

    /// Removes unpacked code that no record names; once, at the start.
    ///
    /// # Errors
    /// The code directory or the store cannot be read.
    pub async fn sweep(&self) -> Result<(), FunctionsError> {
        self.code.sweep_all().await?;
        self.code.sweep_images().await
    }

    /// The container images of this server.
    pub fn images(&self) -> &Images {
        self.code.images()
    }

    /// Removes images that have no name and that no record names.
    ///
    /// # Errors
    /// The images or the store cannot be read.
    pub async fn sweep_images(&self) -> Result<(), FunctionsError> {
        self.code.sweep_images().await
    }

    /// # Errors
    /// `Invalid`: no runtime of that name, or none that this machine has.
    fn runtime(&self, text: &str) -> Result<RuntimeId, FunctionsError> {
        let runtime = RuntimeId::parse(text).map_err(|error| FunctionsError::Invalid(error.to_string()))?;
        self.instances.check_runtime(&runtime).map_err(FunctionsError::Invalid)?;
        Ok(runtime)
    }

    /// Ends the instances of an older revision, or of all of the function's versions, then removes code that
    /// nothing names any more.
    fn retire(&self, function_arn: names::Arn, version: Option<Version>, old: Vec<Code>) {
        let functions = self.clone();
        tokio::spawn(async move {
            let version = version.map(|version| version.to_string());
            functions.instances.drain(&function_arn.to_string(), version.as_deref()).await;
            functions.sweep_codes(old).await;
        });
    }

    fn sweep_soon(&self, old: Vec<Code>) {
        let functions = self.clone();
        tokio::spawn(async move { functions.sweep_codes(old).await });
    }

    async fn sweep_codes(&self, codes: Vec<Code>) {
        if codes.iter().any(|code| code.image.is_some())
            && let Err(error) = self.code.sweep_images().await
        {
            tracing::warn!(%error, "images that nothing names are left for the next sweep");
        }
        for code in codes.into_iter().filter(|code| code.image.is_none()) {
            if let Err(error) = self.code.sweep(&code.sha256).await {
                tracing::warn!(sha256 = code.sha256, %error, "unpacked code is left for the next start");
            }
        }
    }
}
