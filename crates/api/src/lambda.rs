//! Functions, spoken as Lambda.

pub mod model;
