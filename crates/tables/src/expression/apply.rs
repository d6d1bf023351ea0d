//! Updates, run on stored items: everything is read from the item as it was, and attributes that do not change are copied
//! as bytes.

use super::update::{Argument, SetTo, Update};
use crate::Refusal;
use crate::value::{
    Item, ItemRef, ItemWriter, NESTING_MAX, OwnedValue, Path, Set, Tree, Value, list_value, number_value,
    set_value, too_deep,
};

/// An item after an update.
#[derive(Debug, Clone)]
pub struct Updated {
    pub item: Item,
    /// Top-level attributes that came, went, or are not what they were.
    pub changed: Vec<String>,
}

/// What one top-level attribute becomes.
enum Fate<'a> {
    Gone,
    Changed(Tree<'a>),
}

impl Update {
    /// Changes `old`: an item, or the key alone of one that is not there yet.
    ///
    /// # Errors
    /// Validation: an operand that is not there or of another type, a path through what is not there, a sum out of range,
    /// an item that is too large or too deep afterwards.
    pub fn apply(&self, old: ItemRef<'_>) -> Result<Updated, Refusal> {
        let mut fates: Vec<(&str, Fate<'_>)> = Vec::new();
        for (path, to) in &self.set {
            put(&mut fates, old, path, to.value(old)?)?;
        }
        for (path, value) in &self.add {
            put(&mut fates, old, path, added(path.find(old), value)?)?;
        }
        for (path, value) in &self.delete {
            let Some(present) = path.find(old) else {
                reachable(path, old)?;
                continue;
            };
            if present.kind() != value.view().kind() {
                return Err(wrong_type());
            }
            match set_value(present, value.view(), Set::Difference) {
                Some(rest) => put(&mut fates, old, path, OwnedValue::from_bytes(rest))?,
                None => remove(&mut fates, old, path)?,
            }
        }
        for path in &self.remove {
            remove(&mut fates, old, path)?;
        }
        finish(old, fates)
    }
}

/// What a path below an attribute goes through has to be there.
fn reachable(path: &Path, old: ItemRef<'_>) -> Result<(), Refusal> {
    match path.steps().split_last() {
        Some((_, before)) if Path::new(path.attribute(), before.to_vec()).find(old).is_none() => {
            Err(wrong_path())
        }
        _ => Ok(()),
    }
}

impl SetTo {
    fn value(&self, old: ItemRef<'_>) -> Result<OwnedValue, Refusal> {
        match self {
            SetTo::Value(argument) => argument.value(old),
            SetTo::Sum(left, right) => {
                let (left, right) = (left.number(old)?, right.number(old)?);
                Ok(OwnedValue::from_bytes(number_value(left.checked_add(right)?)))
            }
            SetTo::Difference(left, right) => {
                let (left, right) = (left.number(old)?, right.number(old)?);
                Ok(OwnedValue::from_bytes(number_value(left.checked_sub(right)?)))
            }
        }
    }
}

impl Argument {
    fn value(&self, old: ItemRef<'_>) -> Result<OwnedValue, Refusal> {
        match self {
            Argument::Value(value) => Ok(value.clone()),
            Argument::Path(path) => path.find(old).map(OwnedValue::of).ok_or_else(|| {
                Refusal::validation(
                    "The provided expression refers to an attribute that does not exist in the item",
                )
            }),
            Argument::IfNotExists(path, otherwise) => match path.find(old) {
                Some(value) => Ok(OwnedValue::of(value)),
                None => otherwise.value(old),
            },
            Argument::ListAppend(first, second) => {
                let (first, second) = (first.value(old)?, second.value(old)?);
                list_value(first.view(), second.view()).map(OwnedValue::from_bytes).ok_or_else(wrong_type)
            }
        }
    }

    fn number(&self, old: ItemRef<'_>) -> Result<crate::number::Number, Refusal> {
        self.value(old)?.view().as_number().ok_or_else(wrong_type)
    }
}

fn added(present: Option<Value<'_>>, value: &OwnedValue) -> Result<OwnedValue, Refusal> {
    let Some(present) = present else { return Ok(value.clone()) };
    if present.kind() != value.view().kind() {
        return Err(wrong_type());
    }
    match (present.as_number(), value.view().as_number()) {
        (Some(present), Some(value)) => Ok(OwnedValue::from_bytes(number_value(present.checked_add(value)?))),
        _ => set_value(present, value.view(), Set::Union).map(OwnedValue::from_bytes).ok_or_else(wrong_type),
    }
}

fn put<'a>(
    fates: &mut Vec<(&'a str, Fate<'a>)>,
    old: ItemRef<'a>,
    path: &'a Path,
    value: OwnedValue,
) -> Result<(), Refusal> {
    if path.steps().len() as u32 + value.view().nesting() > NESTING_MAX {
        return Err(too_deep());
    }
    if path.steps().is_empty() {
        fates.push((path.attribute(), Fate::Changed(Tree::New(value.into_bytes()))));
        return Ok(());
    }
    tree(fates, old, path)?.set(path.steps(), value.into_bytes()).map_err(|_| wrong_path())
}

fn remove<'a>(fates: &mut Vec<(&'a str, Fate<'a>)>, old: ItemRef<'a>, path: &'a Path) -> Result<(), Refusal> {
    if path.steps().is_empty() {
        fates.push((path.attribute(), Fate::Gone));
        return Ok(());
    }
    tree(fates, old, path)?.remove(path.steps()).map_err(|_| wrong_path())
}

/// The attribute that a path leads into, opened for changes.
fn tree<'f, 'a>(
    fates: &'f mut Vec<(&'a str, Fate<'a>)>,
    old: ItemRef<'a>,
    path: &'a Path,
) -> Result<&'f mut Tree<'a>, Refusal> {
    let at = match fates.iter().position(|(name, _)| *name == path.attribute()) {
        Some(at) => at,
        None => {
            let value = old.get(path.attribute()).ok_or_else(wrong_path)?;
            fates.push((path.attribute(), Fate::Changed(Tree::Old(value))));
            fates.len() - 1
        }
    };
    match fates.get_mut(at) {
        Some((_, Fate::Changed(tree))) => Ok(tree),
        // Paths do not overlap, so nothing that goes whole is changed inside.
        _ => Err(wrong_path()),
    }
}

fn finish(old: ItemRef<'_>, fates: Vec<(&str, Fate<'_>)>) -> Result<Updated, Refusal> {
    let mut changed = Vec::new();
    let mut size = u64::from(old.size());
    let mut new: Vec<(&str, Option<Vec<u8>>)> = Vec::with_capacity(fates.len());
    for (name, fate) in fates {
        let bytes = match fate {
            Fate::Gone => None,
            Fate::Changed(mut tree) => {
                let mut bytes = Vec::new();
                tree.write(&mut bytes);
                Some(bytes)
            }
        };
        let before = old.get(name);
        if before.map(|value| value.as_bytes()) != bytes.as_deref() {
            changed.push(name.to_owned());
        }
        // What does not change need not be measured again.
        let sized = |value: Value<'_>| name.len() as u64 + u64::from(value.size());
        size = size.saturating_sub(before.map_or(0, sized));
        size += bytes.as_deref().map_or(0, |bytes| sized(Value::of_written(bytes)));
        new.push((name, bytes));
    }
    // Looked up by name for each attribute there is.
    let mut by_name: Vec<usize> = (0..new.len()).collect();
    let name_at =
        |new: &[(&str, Option<Vec<u8>>)], at: usize| new.get(at).map_or("", |(name, _)| *name).to_owned();
    by_name.sort_by_cached_key(|at| name_at(&new, *at));
    let mut writer = ItemWriter::with_capacity(old.as_bytes().len() + 64);
    for (name, value) in old.attributes() {
        match by_name.binary_search_by(|at| new.get(*at).map_or("", |(known, _)| *known).cmp(name)) {
            Err(_) => writer.copy(name, value),
            Ok(at) => {
                let bytes =
                    by_name.get(at).and_then(|at| new.get_mut(*at)).and_then(|(_, bytes)| bytes.take());
                if let Some(bytes) = bytes {
                    writer.copy(name, Value::of_written(&bytes));
                }
            }
        }
    }
    // What was there before is taken: these are new.
    for (name, bytes) in &new {
        if let Some(bytes) = bytes {
            writer.copy(name, Value::of_written(bytes));
        }
    }
    writer.grow(usize::try_from(size).unwrap_or(usize::MAX));
    let item = writer.finish_within_limit("Item size to update has exceeded the maximum allowed size")?;
    Ok(Updated { item, changed })
}

fn wrong_path() -> Refusal {
    Refusal::validation("The document path provided in the update expression is invalid for update")
}

fn wrong_type() -> Refusal {
    Refusal::validation("An operand in the update expression has an incorrect data type")
}
