//! Sandboxes made before anybody asks for them, so that a cold start need not wait for their making.
//!
//! ```text
//! cold start ──take──▶ Stock ◀──made── workers of the pool, while no start is under way
//!                        ▲
//!                        └──expect── function created or changed, server started
//! ```
//!
//! Everything in stock is made generically: no code, no environment, no credentials. It is used once, by one
//! instance, and never goes back.

mod demand;
mod kind;
mod plan;
mod preload;
mod prewarmed;
mod stock;
mod templates;

pub use kind::InstanceKind;
pub(crate) use preload::Preload;
pub(crate) use prewarmed::{GenericProcess, Prewarmed};
pub use stock::PrewarmStatus;
pub(crate) use stock::{Next, Stock};
pub(crate) use templates::Templates;
