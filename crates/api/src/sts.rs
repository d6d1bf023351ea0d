//! Who am I, spoken as STS.

pub mod model;

mod get_caller_identity;
