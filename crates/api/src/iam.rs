//! Users, groups, roles and policies, spoken as IAM.

pub mod model;
