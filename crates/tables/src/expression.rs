//! Expressions: read once, checked, then run on stored items.
//!
//! ```text
//! text ── token ── parser ──┬─ condition ── check ── evaluate        condition and filter expressions
//!                           ├─ key_condition                         a partition and a range of sort keys
//!                           ├─ projection                            paths
//!                           └─ update ── apply                       old item -> new item
//! ```
//!
//! Grammar: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html>,
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html>.

mod apply;
mod check;
mod condition;
mod evaluate;
mod key_condition;
mod parameters;
mod parser;
mod projection;
mod reserved;
mod token;
mod update;

#[cfg(test)]
mod tests;

pub use apply::Updated;
pub use condition::Condition;
pub(crate) use condition::{Comparator, Operand, Test};
pub use key_condition::{KeyCondition, SortRange};
pub(crate) use key_condition::{SortTest, key_condition};
pub use parameters::Parameters;
pub(crate) use projection::clash;
pub use projection::parse_projection;
pub use update::Update;
pub(crate) use update::{Argument, SetTo};

use crate::Refusal;

/// Bytes of an expression as it is sent.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-expression-parameters>
pub const EXPRESSION_LEN_MAX: usize = 4096;
/// Operators and functions in an expression.
pub const OPERATORS_MAX: u32 = 300;
/// Operands of `IN`, besides what is looked for.
pub const IN_OPERANDS_MAX: usize = 100;

/// Which parameter an expression came in: refusals name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Condition,
    Filter,
    KeyCondition,
    Projection,
    Update,
}

impl Role {
    pub fn parameter(self) -> &'static str {
        match self {
            Role::Condition => "ConditionExpression",
            Role::Filter => "FilterExpression",
            Role::KeyCondition => "KeyConditionExpression",
            Role::Projection => "ProjectionExpression",
            Role::Update => "UpdateExpression",
        }
    }

    pub(crate) fn refuse(self, what: impl std::fmt::Display) -> Refusal {
        Refusal::validation(format!("Invalid {}: {what}", self.parameter()))
    }
}
