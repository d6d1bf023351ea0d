//! Objects, spoken as S3.

pub mod model;
