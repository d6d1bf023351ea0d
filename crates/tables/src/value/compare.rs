//! Equality and order of values, on their bytes.

use std::cmp::Ordering;

use super::{Kind, NESTING_MAX, Value};

/// Same type, same content. Sets are equal whatever order they came in, maps too.
pub fn equal(left: Value<'_>, right: Value<'_>) -> bool {
    equal_within(left, right, NESTING_MAX + 1)
}

fn equal_within(left: Value<'_>, right: Value<'_>, levels: u32) -> bool {
    // One way to write everything but the order of a map's members.
    if left.as_bytes() == right.as_bytes() {
        return true;
    }
    let Some(inner) = levels.checked_sub(1) else { return false };
    if left.kind() != right.kind() || left.len() != right.len() {
        return false;
    }
    match left.kind() {
        Kind::L => left.elements().zip(right.elements()).all(|(a, b)| equal_within(a, b, inner)),
        Kind::M => {
            // Sorted first: looking each name up would be quadratic in the size of a map.
            let (left, right) = (sorted(left), sorted(right));
            left.iter().zip(&right).all(|((a, x), (b, y))| a == b && equal_within(*x, *y, inner))
        }
        _ => false,
    }
}

fn sorted(map: Value<'_>) -> Vec<(&str, Value<'_>)> {
    let mut members: Vec<_> = map.attributes().collect();
    members.sort_unstable_by_key(|(name, _)| *name);
    members
}

/// `None` unless both are strings, both numbers, or both binary.
pub fn order(left: Value<'_>, right: Value<'_>) -> Option<Ordering> {
    // A number's bytes sort as it does.
    (left.kind() == right.kind() && left.kind().is_ordered()).then(|| left.payload().cmp(right.payload()))
}
