//! The AWS operations: a folder per service, a file per operation, one table of them all.
//!
//! A request is spoken here, decided by `access` and done by a service. The way of every request:
//!
//! ```text
//! front::serve
//!   which service and operation?   signature scope, host, X-Amz-Target, path   (front::route)
//!   who asks?                      signature verified with the key's secret    (front::authenticate)
//!   what is asked?                 decoded and checked by the model's tables;
//!                                  what is not honoured is refused by name     (Operation::HONOURED)
//!   may they?                      Access::authorize on Operation::resources
//!   do it                          Operation::call
//!   say it                         encoded by the model's tables
//! ```
//!
//! # Adding an operation
//!
//! 1. Name it in `cargo xtask models`, which writes its types and tables to `<service>/model.rs`.
//! 2. Write `<service>/<operation>.rs` with `impl Operation for model::operation::<Operation>`.
//! 3. Add its line to [`OPERATIONS`].
//!
//! 4. Run `conformance/deny`: it asks for a case in `cases.py` where the model does not say what a request is.
//!
//! Nothing else: routing, the coverage page, `zerun operations`, the answer to operations that are not spoken
//! and the sweep that refuses every one to whoever may not follow from the table.

mod access_level;
mod body;
mod call;
mod error;
pub mod front;
mod operation;
mod operations;
mod parameters;
mod record;
mod reply;
mod resource_policies;
mod resource_tags;
mod tag_conditions;
mod trace;

pub mod dynamodb;
pub mod dynamodbstreams;
pub(crate) mod function_url;
pub mod iam;
pub mod lambda;
pub mod s3;
pub mod sns;
pub mod sqs;
pub mod sts;

pub use access_level::AccessLevel;
pub use body::Body;
pub use call::{Call, Services};
pub use error::ApiError;
pub use front::{Front, FrontConfig, Rate, RateLimits, RawBody, RequestCount, RequestTime, ResponseBody};
pub use operation::{Entry, Further, Operation};
pub use operations::OPERATIONS;
pub use protocol::payload::Trailers;
pub use reply::{Reply, ReplyBody};
