//! Document paths: `a.b[3].c`.

use std::fmt;

use super::{ItemRef, Value};

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    Name(Box<str>),
    Index(u32),
}

/// Where a value is in an item: an attribute's name, then names in maps and places in lists.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    attribute: Box<str>,
    steps: Vec<Step>,
}

/// How two paths get in each other's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clash {
    /// The same, or one inside the other.
    Overlap,
    /// One takes for a map what the other takes for a list.
    Conflict,
}

impl Path {
    pub fn new(attribute: impl Into<Box<str>>, steps: Vec<Step>) -> Self {
        Path { attribute: attribute.into(), steps }
    }

    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// Those after the attribute's name.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Reads only what is on the way.
    pub fn find<'a>(&self, item: ItemRef<'a>) -> Option<Value<'a>> {
        self.steps.iter().try_fold(item.get(&self.attribute)?, |value, step| match step {
            Step::Name(name) => value.attribute(name),
            Step::Index(index) => value.elements().nth(*index as usize),
        })
    }

    pub(crate) fn clash(&self, other: &Path) -> Option<Clash> {
        if self.attribute != other.attribute {
            return None;
        }
        for (mine, theirs) in self.steps.iter().zip(&other.steps) {
            match (mine, theirs) {
                (a, b) if a == b => {}
                (Step::Name(_), Step::Name(_)) | (Step::Index(_), Step::Index(_)) => return None,
                _ => return Some(Clash::Conflict),
            }
        }
        Some(Clash::Overlap)
    }
}

/// As refusals name paths: `[a, b, [3]]`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}", self.attribute)?;
        for step in &self.steps {
            match step {
                Step::Name(name) => write!(f, ", {name}")?,
                Step::Index(index) => write!(f, ", [{index}]")?,
            }
        }
        f.write_str("]")
    }
}
