//! Imports: a new table of what lines of a bucket's objects say, read by whoever knows buckets, step by step. Nobody
//! else reads or writes the table until it is done.

mod begin;
mod describe;
mod record;
mod step;

#[cfg(test)]
mod tests;

pub use begin::{IMPORTS_MAX, ImportTable};
pub use describe::Import;
pub use record::{Compression, ImportPlan, ImportProgress, ImportRecord, InputFormat};
pub use step::{ImportStep, Stepped};
