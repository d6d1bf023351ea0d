//! Continuous backups: a table as it was at any second of its recovery period.

mod restore;
mod update;

pub(crate) use restore::{Made, first_after, make};
pub use restore::{Moment, Overrides, Restore};
