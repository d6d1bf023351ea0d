//! Who am I, spoken as STS.

pub mod model;
