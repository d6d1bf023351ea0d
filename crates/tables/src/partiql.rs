//! PartiQL as DynamoDB speaks it: statements, read once into the programs that expressions are read into.
//!
//! ```text
//! text ── token ── parser ──┬─ value       literals, as wire JSON
//!                           ├─ condition   WHERE
//!                           └─ statement ── plan: a key, partitions, or everything; and what is left of WHERE
//! ```
//!
//! Grammar: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.statements.html>. Names of
//! tables and attributes are taken as they are written, in whatever case, with and without double quotes.

mod condition;
mod parser;
mod plan;
mod statement;
#[cfg(test)]
mod tests;
mod token;
mod value;

pub use plan::{Lookup, Plan, Reach};
pub use statement::{Change, Returning, Select, Statement};

/// Characters of a statement.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteStatement.html>
pub const STATEMENT_CHARS_MAX: usize = 8192;
