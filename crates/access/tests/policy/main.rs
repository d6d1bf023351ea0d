//! The policy evaluator against the published rules, and against itself.

mod cast;
mod corpus;
mod moto;
mod properties;
mod words;
