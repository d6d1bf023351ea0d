//! The policy evaluator against the published rules, and against itself.

mod cast;
mod corpus;
mod properties;
mod words;
