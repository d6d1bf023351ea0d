//! Policies: read once into a compiled form, then asked for each request. Pure: no store, no clock, no HTTP.
//!
//! ```text
//! text ──PolicyDocument::parse──▶ PolicyDocument ┐
//! PrincipalFacts, action, ResourceFacts, Context ┴─evaluate──▶ Verdict
//! ```
//!
//! The rules are those of <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies.html>.

mod condition;
mod context;
mod date;
mod document;
mod evaluate;
mod json;
mod malformed;
mod near;
mod operator;
mod parse;
mod pattern;
mod principal;
mod request;
mod smallest;
mod statement;
mod template;
mod verdict;

pub use context::Context;
pub use document::{Effect, PolicyDocument, PolicyKind, Statement, Version};
pub use evaluate::evaluate;
pub use malformed::MalformedPolicy;
pub use near::{FailedCondition, Lack, NEAR_MISSES_MAX, NearMiss};
pub use principal::{PrincipalFacts, PrincipalKind};
pub use request::{Named, PolicySet, Request, ResourceFacts};
pub use verdict::{Decision, Layer, Outcome, Source, Step, Verdict};

/// Bytes of a policy's text that are looked at at all. What each kind of policy may have is less, and
/// counted by whoever keeps it.
pub const POLICY_BYTES_MAX: usize = 128 * 1024;

/// Levels of JSON inside of each other; a real policy has six.
pub const POLICY_DEPTH_MAX: usize = 16;
