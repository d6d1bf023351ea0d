//! Instances of function versions: started, given one event at a time, frozen when idle, reaped.
//!
//! Knows no HTTP and no function record: a [`VersionSpec`] says all that an instance needs.

#![allow(clippy::vec_box, reason = "an instance is large, and goes from hand to hand in its box")]

mod account_concurrency;
mod ahead;
mod answer_stream;
mod compiled;
mod concurrency;
mod config;
mod detached;
mod idle;
mod instance;
mod invocation;
mod keep_alive;
mod layers;
mod output;
mod outside;
mod pool;
mod prewarm;
mod processors;
mod provisioned;
mod registry;
mod shards;
mod starts;
mod turns;
mod version;

pub use account_concurrency::AccountConcurrency;
pub use answer_stream::{
    AnswerSink, AnswerStream, BrokenOff, CutOff, EarlyAnswer, ExpectedAnswer, answer_stream, answer_whole,
};
pub use config::PoolConfig;
pub use detached::Detached;
pub use invocation::{
    FunctionError, InstanceSource, InvokeError, InvokeRequest, Metering, Outcome, ThrottleReason,
};
pub use outside::{CredentialError, CredentialSource, Credentials, Endpoint};
pub use pool::{Pool, PoolStatus, SnapshotFailure};
pub use prewarm::{InstanceKind, PrewarmStatus};
pub use provisioned::{ProvisionFailure, ProvisionStatus};
pub use registry::{InstanceStatus, Phase, Purpose};
pub use runtime::log::{ApplicationLevel, LogFormat, SystemLevel};
pub use version::VersionSpec;
pub use wasm::{COMPILE_ARGUMENT, compile_main};
