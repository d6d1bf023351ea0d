//! Projection: from an item to one with less in it, by copying what stays.

use super::write::{begin, counted, end};
use super::{Item, ItemRef, ItemWriter, Kind, Path, Step, Value, tag};

/// Paths, merged where they begin alike.
#[derive(Debug, Clone, Default)]
pub struct Projection {
    attributes: Vec<(Box<str>, Keep)>,
}

#[derive(Debug, Clone)]
enum Keep {
    Whole,
    Members(Vec<(Box<str>, Keep)>),
    /// Ascending places.
    Elements(Vec<(u32, Keep)>),
}

impl Projection {
    /// Paths that lie inside others add nothing; of two that disagree about a list and a map, the first counts.
    pub fn of<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Self {
        let mut projection = Projection::default();
        for path in paths {
            merge_name(&mut projection.attributes, path.attribute(), path.steps());
        }
        projection
    }

    /// Top-level attributes that are asked for.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|(name, _)| &**name)
    }

    /// What of `item` the paths name; in the item's order, lists without their gaps.
    pub fn apply(&self, item: ItemRef<'_>) -> Item {
        let mut writer = ItemWriter::with_capacity(0);
        for (name, value) in item.attributes() {
            match self.attributes.iter().find(|(kept, _)| **kept == *name) {
                Some((_, Keep::Whole)) => writer.put(name, value),
                Some((_, keep)) => {
                    let mut part = Vec::new();
                    if copy(value, keep, &mut part) {
                        writer.put(name, Value::of_written(&part));
                    }
                }
                None => {}
            }
        }
        writer.finish()
    }
}

fn merge_name(members: &mut Vec<(Box<str>, Keep)>, name: &str, rest: &[Step]) {
    match members.iter_mut().find(|(known, _)| **known == *name) {
        Some((_, keep)) => merge(keep, rest),
        None => members.push((name.into(), fresh(rest))),
    }
}

fn fresh(steps: &[Step]) -> Keep {
    match steps.split_first() {
        None => Keep::Whole,
        Some((Step::Name(name), rest)) => Keep::Members(vec![(name.clone(), fresh(rest))]),
        Some((Step::Index(index), rest)) => Keep::Elements(vec![(*index, fresh(rest))]),
    }
}

fn merge(keep: &mut Keep, steps: &[Step]) {
    match (keep, steps.split_first()) {
        (Keep::Whole, _) => {}
        (keep, None) => *keep = Keep::Whole,
        (Keep::Members(members), Some((Step::Name(name), rest))) => merge_name(members, name, rest),
        (Keep::Elements(elements), Some((Step::Index(index), rest))) => {
            match elements.binary_search_by_key(index, |(place, _)| *place) {
                Ok(at) => {
                    if let Some((_, keep)) = elements.get_mut(at) {
                        merge(keep, rest);
                    }
                }
                Err(at) => elements.insert(at, (*index, fresh(rest))),
            }
        }
        _ => {}
    }
}

/// Appends what of `value` is kept; answers whether anything is. Writes nothing if not.
fn copy(value: Value<'_>, keep: &Keep, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let mut count = 0;
    match (keep, value.kind()) {
        (Keep::Whole, _) => {
            out.extend_from_slice(value.as_bytes());
            return true;
        }
        (Keep::Members(members), Kind::M) => {
            let body = begin(out, tag::M);
            for (name, value) in value.attributes() {
                if let Some((_, keep)) = members.iter().find(|(kept, _)| **kept == *name) {
                    let before = out.len();
                    counted(out, name.as_bytes());
                    if copy(value, keep, out) { count += 1 } else { out.truncate(before) }
                }
            }
            end(out, body, count);
        }
        (Keep::Elements(places), Kind::L) => {
            let body = begin(out, tag::L);
            let (mut places, mut elements, mut at) = (places.iter().peekable(), value.elements(), 0);
            while let (Some((place, keep)), Some(element)) = (places.peek(), elements.next()) {
                if *place == at {
                    count += u32::from(copy(element, keep, out));
                    places.next();
                }
                at += 1;
            }
            end(out, body, count);
        }
        _ => {}
    }
    if count == 0 {
        out.truncate(start);
    }
    count > 0
}
