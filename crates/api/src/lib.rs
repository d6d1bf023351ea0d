//! The AWS operations: a folder per service, a file per operation.

pub mod lambda;
pub mod s3;
pub mod sts;
