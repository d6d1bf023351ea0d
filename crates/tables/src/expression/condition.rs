//! Conditions: what condition, filter and key condition expressions say of an item.

mod parse;

pub(super) use self::parse::parse_test;
use super::{Parameters, Role};
use crate::Refusal;
use crate::value::{ItemRef, Kind, OwnedValue, Path};

/// A condition that was read and checked.
#[derive(Debug, Clone)]
pub struct Condition {
    pub(super) test: Test,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Compare(Comparator, Operand, Operand),
    Between(Operand, Operand, Operand),
    In(Operand, Vec<Operand>),
    Exists(Path),
    NotExists(Path),
    HasType(Path, Kind),
    BeginsWith(Operand, Operand),
    Contains(Operand, Operand),
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Path(Path),
    Value(OwnedValue),
    Size(Box<Operand>),
}

impl Comparator {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Comparator::Equal => "=",
            Comparator::NotEqual => "<>",
            Comparator::Less => "<",
            Comparator::LessOrEqual => "<=",
            Comparator::Greater => ">",
            Comparator::GreaterOrEqual => ">=",
        }
    }

    /// The comparator that says the same with the operands changed over.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Comparator::Less => Comparator::Greater,
            Comparator::LessOrEqual => Comparator::GreaterOrEqual,
            Comparator::Greater => Comparator::Less,
            Comparator::GreaterOrEqual => Comparator::LessOrEqual,
            same => same,
        }
    }
}

impl Condition {
    /// Reads a condition or a filter.
    ///
    /// # Errors
    /// Validation, worded for the parameter that `role` is.
    pub fn parse(text: &str, role: Role, parameters: &mut Parameters) -> Result<Self, Refusal> {
        Ok(Condition { test: parse_test(text, role, parameters)? })
    }

    pub(crate) fn of(test: Test) -> Self {
        Condition { test }
    }

    pub(crate) fn into_test(self) -> Test {
        self.test
    }

    /// Whether it is true of `item`; of none, ask with [`ItemRef::EMPTY`].
    pub fn holds(&self, item: ItemRef<'_>) -> bool {
        self.test.holds(item)
    }

    /// # Errors
    /// Validation, if it reads one of `keys`: a filter must leave those to the key condition.
    pub fn refuse_keys(&self, keys: &[&str]) -> Result<(), Refusal> {
        match self.attributes().into_iter().find(|name| keys.contains(name)) {
            Some(name) => Err(Refusal::validation(format!(
                "Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}"
            ))),
            None => Ok(()),
        }
    }

    /// Top-level attributes that it reads.
    pub fn attributes(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.test.attributes(&mut names);
        names
    }
}
