//! What of WHERE is about keys: an item, partitions, or nothing; the rest is a condition.

use super::statement::{Change, Select};
use crate::Refusal;
use crate::expression::{Comparator, Condition, KeyCondition, Operand, SortTest, Test, key_condition};
use crate::key::{KeyAttribute, KeySchema};
use crate::value::{Item, ItemWriter, OwnedValue, Path};

/// Partitions that one statement may name.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-functions.html>
const PARTITIONS_MAX: usize = 50;

/// How to read what a SELECT asks for.
#[derive(Debug)]
pub struct Plan {
    pub reach: Reach,
    pub filter: Option<Condition>,
    pub backwards: bool,
}

#[derive(Debug)]
pub enum Reach {
    /// None twice, in the order in which they are to be read.
    Partitions(Vec<KeyCondition>),
    Everything,
}

/// One item, and what must be true of it.
#[derive(Debug)]
pub struct Lookup {
    pub key: Item,
    pub condition: Option<Condition>,
}

impl Select {
    /// For a table or an index with this key.
    ///
    /// # Errors
    /// Validation.
    pub fn plan(&self, schema: &KeySchema) -> Result<Plan, Refusal> {
        let mut tests = conjuncts(self.test.as_ref());
        let named = take(&mut tests, |test| choices(test, &schema.partition));
        let Some(named) = named else {
            if !self.order.is_empty() {
                return Err(Refusal::validation(if self.test.is_none() {
                    "Must have WHERE clause in the statement when using ORDER BY clause."
                } else {
                    "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
                }));
            }
            return Ok(Plan { reach: Reach::Everything, filter: rest(tests), backwards: false });
        };
        if named.len() > PARTITIONS_MAX {
            return Err(Refusal::validation(format!(
                "The IN operator is provided with too many operands; number of operands: {}",
                named.len()
            )));
        }
        let sort = schema.sort.as_ref().and_then(|sort| {
            let test = take(&mut tests, |test| of_sort(test, sort))?;
            Some((sort.name.clone(), test))
        });
        let mut partitions: Vec<KeyCondition> = Vec::with_capacity(named.len());
        for value in named {
            let equal = (schema.partition.name.clone(), SortTest::Compare(Comparator::Equal, value));
            let condition = key_condition(schema, std::iter::once(equal).chain(sort.clone()).collect())?;
            if !partitions.iter().any(|known| known.partition == condition.partition) {
                partitions.push(condition);
            }
        }
        let backwards = self.arrange(schema, &mut partitions)?;
        Ok(Plan { reach: Reach::Partitions(partitions), filter: rest(tests), backwards })
    }

    /// Puts partitions in order; answers whether items inside them descend.
    fn arrange(&self, schema: &KeySchema, partitions: &mut [KeyCondition]) -> Result<bool, Refusal> {
        let (mut backwards, mut by_partition) = (false, false);
        for (name, descends) in &self.order {
            if *name == schema.partition.name {
                partitions.sort_by(|one, two| one.partition.cmp(&two.partition));
                if *descends {
                    partitions.reverse();
                }
                by_partition = true;
            } else if schema.sort.as_ref().is_some_and(|sort| sort.name == *name) {
                if partitions.len() > 1 && !by_partition {
                    return Err(Refusal::validation(
                        "Items of several partitions can only be ordered by the partition key first",
                    ));
                }
                backwards = *descends;
            } else {
                return Err(Refusal::validation(format!(
                    "Variable reference {name} in ORDER BY clause must be part of the primary key"
                )));
            }
        }
        Ok(backwards)
    }

    /// The one item that it names.
    ///
    /// # Errors
    /// Validation: WHERE is not an equality of all key attributes, or an index is read.
    pub fn lookup(&self, schema: &KeySchema) -> Result<Lookup, Refusal> {
        let single = || {
            Refusal::validation(
                "Select statements within BatchExecuteStatement must specify the primary key in the where clause.",
            )
        };
        match &self.test {
            Some(test) if self.index.is_none() && self.order.is_empty() => {
                lookup(test, schema).map_err(|_| single())
            }
            _ => Err(single()),
        }
    }

    /// Of EXISTS: as [`Select::lookup`], and the item has to be there.
    ///
    /// # Errors
    /// Validation.
    pub fn existing(&self, schema: &KeySchema) -> Result<Lookup, Refusal> {
        let test = self.test.as_ref().filter(|_| self.index.is_none()).ok_or_else(no_key)?;
        Ok(present(lookup(test, schema)?, schema))
    }

    /// Top-level attributes that it asks for, WHERE included.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.attributes.iter().map(|(_, path)| path.attribute()).collect();
        if let Some(test) = &self.test {
            test.attributes(&mut names);
        }
        names
    }
}

impl Change {
    /// Of an UPDATE: the item has to be there.
    ///
    /// # Errors
    /// Validation: WHERE is not an equality of all key attributes.
    pub fn of_present(&self, schema: &KeySchema) -> Result<Lookup, Refusal> {
        Ok(present(lookup(&self.test, schema)?, schema))
    }

    /// Of a DELETE: one that is not there is deleted already.
    ///
    /// # Errors
    /// As [`Change::of_present`].
    pub fn of_any(&self, schema: &KeySchema) -> Result<Lookup, Refusal> {
        let Lookup { key, condition } = lookup(&self.test, schema)?;
        let missing = Test::NotExists(Path::new(schema.partition.name.as_str(), Vec::new()));
        let condition =
            condition.map(|condition| Condition::of(Test::Any(vec![missing, condition.into_test()])));
        Ok(Lookup { key, condition })
    }

    /// Top-level attributes that it reads or writes.
    pub fn names(&self) -> Vec<&str> {
        let mut names = self.update.attributes();
        self.test.attributes(&mut names);
        names
    }
}

fn present(Lookup { key, condition }: Lookup, schema: &KeySchema) -> Lookup {
    let there = Test::Exists(Path::new(schema.partition.name.as_str(), Vec::new()));
    let tests = std::iter::once(there).chain(condition.map(Condition::into_test)).collect();
    Lookup { key, condition: Some(Condition::of(Test::All(tests))) }
}

fn lookup(test: &Test, schema: &KeySchema) -> Result<Lookup, Refusal> {
    let mut tests = conjuncts(Some(test));
    let mut writer = ItemWriter::with_capacity(64);
    for attribute in [Some(&schema.partition), schema.sort.as_ref()].into_iter().flatten() {
        let value = take(&mut tests, |test| match test {
            Test::Compare(Comparator::Equal, ..) => choices(test, attribute).and_then(|mut one| one.pop()),
            _ => None,
        });
        writer.put(&attribute.name, value.ok_or_else(no_key)?.view());
    }
    Ok(Lookup { key: writer.finish(), condition: rest(tests) })
}

pub(super) fn no_key() -> Refusal {
    Refusal::validation("Where clause does not contain a mandatory equality on all key attributes")
}

fn conjuncts(test: Option<&Test>) -> Vec<Test> {
    match test {
        None => Vec::new(),
        Some(Test::All(tests)) => tests.iter().flat_map(|test| conjuncts(Some(test))).collect(),
        Some(test) => vec![test.clone()],
    }
}

fn rest(tests: Vec<Test>) -> Option<Condition> {
    (!tests.is_empty()).then(|| Condition::of(Test::All(tests)))
}

/// Takes the first that `want` has a use for.
fn take<T>(tests: &mut Vec<Test>, want: impl Fn(&Test) -> Option<T>) -> Option<T> {
    let (at, found) = tests.iter().enumerate().find_map(|(at, test)| Some((at, want(test)?)))?;
    tests.remove(at);
    Some(found)
}

/// The values that an attribute is said to have one of.
fn choices(test: &Test, attribute: &KeyAttribute) -> Option<Vec<OwnedValue>> {
    let is = |path: &Path| path.steps().is_empty() && path.attribute() == attribute.name;
    match test {
        Test::Compare(Comparator::Equal, Operand::Path(path), Operand::Value(value))
        | Test::Compare(Comparator::Equal, Operand::Value(value), Operand::Path(path))
            if is(path) =>
        {
            Some(vec![value.clone()])
        }
        Test::In(Operand::Path(path), choices) if is(path) => {
            let value = |operand: &Operand| match operand {
                Operand::Value(value) => Some(value.clone()),
                _ => None,
            };
            choices.iter().map(value).collect()
        }
        _ => None,
    }
}

/// What is said of a sort key, if it is a range.
fn of_sort(test: &Test, attribute: &KeyAttribute) -> Option<SortTest> {
    let is = |path: &Path| path.steps().is_empty() && path.attribute() == attribute.name;
    // Of another type it is never true, which a filter says without refusing it.
    let fits = |value: &OwnedValue| value.view().kind() == attribute.kind.kind();
    match test {
        Test::Compare(comparator, Operand::Path(path), Operand::Value(value))
            if is(path) && fits(value) && *comparator != Comparator::NotEqual =>
        {
            Some(SortTest::Compare(*comparator, value.clone()))
        }
        Test::Compare(comparator, Operand::Value(value), Operand::Path(path))
            if is(path) && fits(value) && *comparator != Comparator::NotEqual =>
        {
            Some(SortTest::Compare(comparator.mirrored(), value.clone()))
        }
        Test::Between(Operand::Path(path), Operand::Value(lower), Operand::Value(upper))
            if is(path) && fits(lower) && fits(upper) && lower.view().payload() <= upper.view().payload() =>
        {
            Some(SortTest::Between(lower.clone(), upper.clone()))
        }
        Test::BeginsWith(Operand::Path(path), Operand::Value(prefix))
            if is(path)
                && fits(prefix)
                && !prefix.view().payload().is_empty()
                && attribute.kind != crate::key::KeyKind::N =>
        {
            Some(SortTest::BeginsWith(prefix.clone()))
        }
        _ => None,
    }
}
