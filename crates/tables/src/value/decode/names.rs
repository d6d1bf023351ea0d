//! Names that an object must not have twice.

use crate::Refusal;

/// Names of the objects that are being read. A stack: maps inside maps use it in turn.
#[derive(Debug, Default)]
pub(super) struct DuplicateNames(Vec<(usize, usize)>);

impl DuplicateNames {
    pub(super) fn begin(&self) -> usize {
        self.0.len()
    }

    /// A name of `length` bytes at `at` of the buffer that [`DuplicateNames::end`] gets.
    pub(super) fn add(&mut self, at: usize, length: usize) {
        self.0.push((at, length));
    }

    /// Ends the object that began at `before`. Sorts: no input costs more than n log n.
    ///
    /// # Errors
    /// Serialization, if a name is there twice.
    pub(super) fn end(&mut self, before: usize, bytes: &[u8]) -> Result<(), Refusal> {
        let name = |&(at, length): &(usize, usize)| bytes.get(at..at + length).unwrap_or_default();
        let names = self.0.get_mut(before..).unwrap_or_default();
        names.sort_unstable_by(|a, b| a.1.cmp(&b.1).then_with(|| name(a).cmp(name(b))));
        let twice =
            names.array_windows().find(|[a, b]| a.1 == b.1 && name(a) == name(b)).map(|[a, _]| name(a));
        if let Some(twice) = twice {
            return Err(Refusal::serialization(format!("Duplicate key: {}", String::from_utf8_lossy(twice))));
        }
        self.0.truncate(before);
        Ok(())
    }
}
