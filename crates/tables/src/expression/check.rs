//! What is known to be wrong with operands before any item is seen.

use super::condition::{Comparator, Operand};
use super::parser::Parser;
use crate::number::Number;
use crate::value::{Kind, Path, Value, order};

/// The type an operand certainly has; a path may have any.
fn certain_kind(operand: &Operand) -> Option<Kind> {
    match operand {
        Operand::Path(_) => None,
        Operand::Value(value) => Some(value.view().kind()),
        Operand::Size(_) => Some(Kind::N),
    }
}

pub(super) fn wrong_type(parser: &mut Parser, name: &str, kind: Kind) {
    let kind = kind.wire_name();
    parser.wrong(format!(
        "Incorrect operand type for operator or function; operator or function: {name}, operand type: {kind}"
    ));
}

fn expect(parser: &mut Parser, name: &str, operand: &Operand, allowed: fn(Kind) -> bool) {
    if let Some(kind) = certain_kind(operand).filter(|kind| !allowed(*kind)) {
        wrong_type(parser, name, kind);
    }
}

/// No operand may be the same path as the first.
pub(super) fn distinct(parser: &mut Parser, name: &str, first: &Operand, others: &[Operand]) {
    if let Operand::Path(path) = first
        && others.contains(first)
    {
        parser.wrong(format!(
            "The first operand must be distinct from the remaining operands for this operator or function; \
             operator: {name}, first operand: {path}"
        ));
    }
}

pub(super) fn comparison(parser: &mut Parser, comparator: Comparator, left: &Operand, right: &Operand) {
    let name = comparator.sign();
    if !matches!(comparator, Comparator::Equal | Comparator::NotEqual) {
        expect(parser, name, left, Kind::is_ordered);
        expect(parser, name, right, Kind::is_ordered);
    }
    distinct(parser, name, left, std::slice::from_ref(right));
}

pub(super) fn between(parser: &mut Parser, tested: &Operand, lower: &Operand, upper: &Operand) {
    for operand in [tested, lower, upper] {
        expect(parser, "BETWEEN", operand, Kind::is_ordered);
    }
    if let (Operand::Value(lower), Operand::Value(upper)) = (lower, upper) {
        let (lower, upper) = (lower.view(), upper.view());
        let (low, high) = (shown(lower), shown(upper));
        if lower.kind() != upper.kind() {
            parser.wrong(format!(
                "The BETWEEN operator requires same data type for lower and upper bounds; \
                 lower bound operand: AttributeValue: {low}, upper bound operand: AttributeValue: {high}"
            ));
        } else if order(lower, upper).is_some_and(|order| order.is_gt()) {
            parser.wrong(format!(
                "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; \
                 lower bound operand: AttributeValue: {low}, upper bound operand: AttributeValue: {high}"
            ));
        }
    }
}

/// As refusals show a value: `{N:5}`.
fn shown(value: Value<'_>) -> String {
    let text = match value.kind() {
        Kind::N => value.as_number().unwrap_or(Number::ZERO).to_string(),
        Kind::S => value.as_str().unwrap_or_default().to_owned(),
        _ => format!("{} bytes", value.size()),
    };
    format!("{{{}:{text}}}", value.kind().wire_name())
}

pub(super) fn size(parser: &mut Parser, operand: &Operand) {
    expect(parser, "size", operand, |kind| !matches!(kind, Kind::N | Kind::Bool | Kind::Null));
}

/// The operand as a path; another stands in until the refusal is answered.
pub(super) fn path(parser: &mut Parser, name: &str, operand: Operand) -> Path {
    if let Operand::Path(path) = operand {
        return path;
    }
    parser.wrong(format!("Operator or function requires a document path; operator or function: {name}"));
    Path::new("", Vec::new())
}

pub(super) fn type_name(parser: &mut Parser, operand: &Operand) -> Kind {
    let Operand::Value(value) = operand else {
        let kind = certain_kind(operand).map_or("path", Kind::wire_name);
        parser.wrong(format!(
            "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: {kind}"
        ));
        return Kind::Null;
    };
    let Some(name) = value.view().as_str() else {
        wrong_type(parser, "attribute_type", value.view().kind());
        return Kind::Null;
    };
    Kind::from_wire_name(name).unwrap_or_else(|| {
        let valid = Kind::ALL.map(Kind::wire_name).join(",");
        parser.wrong(format!("Invalid attribute type name found; type: {name}, valid types: {{{valid}}}"));
        Kind::Null
    })
}

pub(super) fn begins_with(parser: &mut Parser, tested: &Operand, prefix: &Operand) {
    for operand in [tested, prefix] {
        expect(parser, "begins_with", operand, |kind| matches!(kind, Kind::S | Kind::B));
    }
    distinct(parser, "begins_with", tested, std::slice::from_ref(prefix));
}

pub(super) fn contains(parser: &mut Parser, tested: &Operand, sought: &Operand) {
    expect(parser, "contains", tested, |kind| kind.is_set() || matches!(kind, Kind::S | Kind::L | Kind::B));
    distinct(parser, "contains", tested, std::slice::from_ref(sought));
}
