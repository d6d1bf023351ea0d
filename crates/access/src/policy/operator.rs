/// How a condition compares.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) test: Test,
    /// Of a negated operator no value may match, and a key that is absent satisfies it.
    pub(super) negated: bool,
    pub(super) set: Set,
    pub(super) if_exists: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    IpAddress,
    /// `ArnEquals` and `ArnLike` behave identically.
    Arn,
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// How many of a key's values must satisfy the condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    Single,
    AllValues,
    AnyValue,
}

impl Operator {
    /// Names are case-sensitive. `None`: there is no such operator.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (set, name) = match name.split_once(':') {
            Some(("ForAllValues", name)) => (Set::AllValues, name),
            Some(("ForAnyValue", name)) => (Set::AnyValue, name),
            Some(_) => return None,
            None => (Set::Single, name),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (test, negated) = test(name)?;
        // Null asks whether the key exists; to ask that only where it does would say nothing.
        if test == Test::Null && (if_exists || set != Set::Single) {
            return None;
        }
        Some(Operator { test, negated, set, if_exists })
    }
}

impl Test {
    /// Policy variables are put in where texts, ARNs or truth values are compared.
    pub(super) fn takes_variables(self) -> bool {
        use Test::{Arn, Bool, StringEquals, StringEqualsIgnoreCase, StringLike};
        matches!(self, StringEquals | StringEqualsIgnoreCase | StringLike | Arn | Bool)
    }
}

impl Order {
    pub(super) fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Order::Equal => ordering.is_eq(),
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

fn test(name: &str) -> Option<(Test, bool)> {
    let (test, negated) = match name {
        "StringEquals" => (Test::StringEquals, false),
        "StringNotEquals" => (Test::StringEquals, true),
        "StringEqualsIgnoreCase" => (Test::StringEqualsIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (Test::StringEqualsIgnoreCase, true),
        "StringLike" => (Test::StringLike, false),
        "StringNotLike" => (Test::StringLike, true),
        "Bool" => (Test::Bool, false),
        "BinaryEquals" => (Test::Binary, false),
        "IpAddress" => (Test::IpAddress, false),
        "NotIpAddress" => (Test::IpAddress, true),
        "ArnEquals" | "ArnLike" => (Test::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
        "Null" => (Test::Null, false),
        _ => {
            return if let Some(rest) = name.strip_prefix("Numeric") {
                order(rest).map(|(order, negated)| (Test::Numeric(order), negated))
            } else {
                let rest = name.strip_prefix("Date")?;
                order(rest).map(|(order, negated)| (Test::Date(order), negated))
            };
        }
    };
    Some((test, negated))
}

fn order(name: &str) -> Option<(Order, bool)> {
    Some(match name {
        "Equals" => (Order::Equal, false),
        "NotEquals" => (Order::Equal, true),
        "LessThan" => (Order::Less, false),
        "LessThanEquals" => (Order::LessOrEqual, false),
        "GreaterThan" => (Order::Greater, false),
        "GreaterThanEquals" => (Order::GreaterOrEqual, false),
        _ => return None,
    })
}
