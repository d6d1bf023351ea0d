//! Conditions, run on stored items. What is not there makes a comparison false, but `<>` true.
//!
//! Bounded by what was parsed (300 operators) times the size of an item.

use std::cmp::Ordering;

use super::condition::{Comparator, Operand, Test};
use crate::number::Number;
use crate::value::{ItemRef, Kind, OwnedValue, Value, equal, number_value, order};

/// An operand's value: in the item or the program, or computed.
enum Found<'a> {
    There(Value<'a>),
    Made(OwnedValue),
}

impl Found<'_> {
    fn view(&self) -> Value<'_> {
        match self {
            Found::There(value) => *value,
            Found::Made(value) => value.view(),
        }
    }
}

impl Operand {
    fn find<'a>(&'a self, item: ItemRef<'a>) -> Option<Found<'a>> {
        match self {
            Operand::Path(path) => path.find(item).map(Found::There),
            Operand::Value(value) => Some(Found::There(value.view())),
            Operand::Size(inner) => {
                let size = size(inner.find(item)?.view())?;
                Some(Found::Made(OwnedValue::from_bytes(number_value(Number::from(u64::from(size))))))
            }
        }
    }
}

/// What the function `size` gives: bytes, or elements. Numbers, booleans and nulls have none.
fn size(value: Value<'_>) -> Option<u32> {
    match value.kind() {
        Kind::S | Kind::B => Some(value.payload().len() as u32),
        Kind::L | Kind::M | Kind::SS | Kind::NS | Kind::BS => Some(value.len()),
        Kind::N | Kind::Bool | Kind::Null => None,
    }
}

impl Test {
    pub(crate) fn holds(&self, item: ItemRef<'_>) -> bool {
        match self {
            Test::All(tests) => tests.iter().all(|test| test.holds(item)),
            Test::Any(tests) => tests.iter().any(|test| test.holds(item)),
            Test::Not(test) => !test.holds(item),
            Test::Exists(path) => path.find(item).is_some(),
            Test::NotExists(path) => path.find(item).is_none(),
            Test::HasType(path, kind) => path.find(item).is_some_and(|value| value.kind() == *kind),
            Test::Compare(comparator, left, right) => {
                let pair = left.find(item).zip(right.find(item));
                let compared = |accept: fn(Ordering) -> bool| {
                    pair.as_ref()
                        .and_then(|(left, right)| order(left.view(), right.view()))
                        .is_some_and(accept)
                };
                let same = || pair.as_ref().is_some_and(|(left, right)| equal(left.view(), right.view()));
                match comparator {
                    Comparator::Equal => same(),
                    Comparator::NotEqual => !same(),
                    Comparator::Less => compared(Ordering::is_lt),
                    Comparator::LessOrEqual => compared(Ordering::is_le),
                    Comparator::Greater => compared(Ordering::is_gt),
                    Comparator::GreaterOrEqual => compared(Ordering::is_ge),
                }
            }
            Test::Between(tested, lower, upper) => {
                let (Some(tested), Some(lower), Some(upper)) =
                    (tested.find(item), lower.find(item), upper.find(item))
                else {
                    return false;
                };
                order(tested.view(), lower.view()).is_some_and(Ordering::is_ge)
                    && order(tested.view(), upper.view()).is_some_and(Ordering::is_le)
            }
            Test::In(tested, choices) => tested.find(item).is_some_and(|tested| {
                let is = |choice: &Operand| {
                    choice.find(item).is_some_and(|choice| equal(tested.view(), choice.view()))
                };
                choices.iter().any(is)
            }),
            Test::BeginsWith(tested, prefix) => {
                tested.find(item).zip(prefix.find(item)).is_some_and(|(tested, prefix)| {
                    let (tested, prefix) = (tested.view(), prefix.view());
                    tested.kind() == prefix.kind()
                        && matches!(tested.kind(), Kind::S | Kind::B)
                        && tested.payload().starts_with(prefix.payload())
                })
            }
            Test::Contains(tested, sought) => tested
                .find(item)
                .zip(sought.find(item))
                .is_some_and(|(tested, sought)| contains(tested.view(), sought.view())),
        }
    }

    pub(crate) fn attributes<'a>(&'a self, names: &mut Vec<&'a str>) {
        fn of<'a>(operand: &'a Operand, names: &mut Vec<&'a str>) {
            match operand {
                Operand::Path(path) => names.push(path.attribute()),
                Operand::Size(inner) => of(inner, names),
                Operand::Value(_) => {}
            }
        }
        match self {
            Test::All(tests) | Test::Any(tests) => tests.iter().for_each(|test| test.attributes(names)),
            Test::Not(test) => test.attributes(names),
            Test::Exists(path) | Test::NotExists(path) | Test::HasType(path, _) => {
                names.push(path.attribute())
            }
            Test::Compare(_, a, b) | Test::BeginsWith(a, b) | Test::Contains(a, b) => {
                of(a, names);
                of(b, names);
            }
            Test::Between(a, b, c) => [a, b, c].into_iter().for_each(|operand| of(operand, names)),
            Test::In(a, choices) => {
                of(a, names);
                choices.iter().for_each(|operand| of(operand, names));
            }
        }
    }
}

/// A substring, a member of a set, an element of a list.
fn contains(tested: Value<'_>, sought: Value<'_>) -> bool {
    match (tested.kind(), sought.kind()) {
        (Kind::S, Kind::S) => match (tested.as_str(), sought.as_str()) {
            (Some(text), Some(part)) => text.contains(part),
            _ => false,
        },
        (Kind::B, Kind::B) => has_run(tested.payload(), sought.payload()),
        (Kind::SS, Kind::S) | (Kind::NS, Kind::N) | (Kind::BS, Kind::B) => {
            tested.members().any(|member| member == sought.payload())
        }
        (Kind::L, _) => tested.elements().any(|element| equal(element, sought)),
        _ => false,
    }
}

/// Whether `part` is somewhere in `bytes`. Linear time, whatever the input: through text search, where a byte is the
/// character of its number.
fn has_run(bytes: &[u8], part: &[u8]) -> bool {
    let text = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
    part.len() <= bytes.len() && text(bytes).contains(&text(part))
}
