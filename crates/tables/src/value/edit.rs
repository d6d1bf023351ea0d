//! Changing what is inside a value: opened only along the paths that change, the rest stays bytes.

use super::write::{begin, counted, end};
use super::{Kind, Step, Value, tag};

/// A value that is being changed.
#[derive(Debug)]
pub(crate) enum Tree<'a> {
    /// As it was.
    Old(Value<'a>),
    New(Vec<u8>),
    Map(Vec<(&'a str, Tree<'a>)>, Vec<(Box<str>, Tree<'a>)>),
    List(List<'a>),
}

/// Places are those of the list as it was, whatever is removed.
#[derive(Debug)]
pub(crate) struct List<'a> {
    elements: Vec<Option<Tree<'a>>>,
    /// What was set beyond the end, and where: goes to the end in order of place.
    appended: Vec<(u32, Tree<'a>)>,
}

/// A path that leads through what is not there, or is of another type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSuchPlace;

impl<'a> Tree<'a> {
    pub(crate) fn set(&mut self, steps: &[Step], value: Vec<u8>) -> Result<(), NoSuchPlace> {
        let Some((step, rest)) = steps.split_first() else {
            *self = Tree::New(value);
            return Ok(());
        };
        self.open();
        if rest.is_empty() {
            return self.put(step, Tree::New(value));
        }
        self.child(step).ok_or(NoSuchPlace)?.set(rest, value)
    }

    /// What is not there need not be removed; what it would be in has to be there. `steps` is not empty.
    pub(crate) fn remove(&mut self, steps: &[Step]) -> Result<(), NoSuchPlace> {
        let Some((step, rest)) = steps.split_first() else { return Err(NoSuchPlace) };
        self.open();
        if !rest.is_empty() {
            return self.child(step).ok_or(NoSuchPlace)?.remove(rest);
        }
        match (self, step) {
            (Tree::Map(members, _), Step::Name(name)) => members.retain(|(known, _)| **known != **name),
            (Tree::List(list), Step::Index(index)) => {
                if let Some(place) = list.elements.get_mut(*index as usize) {
                    *place = None;
                }
            }
            _ => return Err(NoSuchPlace),
        }
        Ok(())
    }

    fn put(&mut self, step: &Step, value: Tree<'a>) -> Result<(), NoSuchPlace> {
        match (self, step) {
            (Tree::Map(members, added), Step::Name(name)) => {
                match members.iter_mut().find(|(known, _)| **known == **name) {
                    Some((_, place)) => *place = value,
                    None => added.push((name.clone(), value)),
                }
            }
            (Tree::List(list), Step::Index(index)) => match list.elements.get_mut(*index as usize) {
                Some(place) => *place = Some(value),
                None => list.appended.push((*index, value)),
            },
            _ => return Err(NoSuchPlace),
        }
        Ok(())
    }

    /// Only what was there before: what an update adds, no other part of it may change.
    fn child(&mut self, step: &Step) -> Option<&mut Tree<'a>> {
        match (self, step) {
            (Tree::Map(members, _), Step::Name(name)) => {
                members.iter_mut().find(|(known, _)| **known == **name).map(|(_, value)| value)
            }
            (Tree::List(list), Step::Index(index)) => list.elements.get_mut(*index as usize)?.as_mut(),
            _ => None,
        }
    }

    fn open(&mut self) {
        let Tree::Old(value) = self else { return };
        *self = match value.kind() {
            Kind::M => Tree::Map(
                value.attributes().map(|(name, value)| (name, Tree::Old(value))).collect(),
                Vec::new(),
            ),
            Kind::L => Tree::List(List {
                elements: value.elements().map(|element| Some(Tree::Old(element))).collect(),
                appended: Vec::new(),
            }),
            _ => return,
        };
    }

    /// Appends the value as it is now. As deep as the paths that opened it.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>) {
        match self {
            Tree::Old(value) => out.extend_from_slice(value.as_bytes()),
            Tree::New(bytes) => out.extend_from_slice(bytes),
            Tree::Map(members, added) => {
                let body = begin(out, tag::M);
                for (name, value) in members.iter_mut() {
                    counted(out, name.as_bytes());
                    value.write(out);
                }
                for (name, value) in added.iter_mut() {
                    counted(out, name.as_bytes());
                    value.write(out);
                }
                end(out, body, (members.len() + added.len()) as u32);
            }
            Tree::List(list) => {
                let (body, mut count) = (begin(out, tag::L), 0);
                list.appended.sort_by_key(|(place, _)| *place);
                let appended = list.appended.iter_mut().map(|(_, value)| value);
                for value in list.elements.iter_mut().flatten().chain(appended) {
                    value.write(out);
                    count += 1;
                }
                end(out, body, count);
            }
        }
    }
}
