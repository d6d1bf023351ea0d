use std::cmp::Ordering;

/// What is known of a request: condition keys (their names in any case) with one or several values.
///
/// All values are texts, in the form in which policies write them; an operator reads them as what it compares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// By the length of the lower-cased key and then the key, so that most comparisons are of lengths.
    values: Vec<(Box<str>, Vec<String>)>,
}

impl Context {
    pub fn new() -> Self {
        Context::default()
    }

    /// Gives the key one value, in place of what it had.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.put(key, vec![value.into()]);
    }

    /// Gives the key several values, in place of what it had. With none it counts as absent.
    pub fn set_all<V: Into<String>>(&mut self, key: &str, values: impl IntoIterator<Item = V>) {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        self.put(key, values);
    }

    /// Never an empty slice.
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.get_lower(&key.to_lowercase())
    }

    /// Lower-cased keys and their values, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.values.iter().map(|(key, values)| (&**key, values.as_slice()))
    }

    pub(super) fn get_lower(&self, key: &str) -> Option<&[String]> {
        let place = self.place(key).ok()?;
        self.values.get(place).map(|(_, values)| values.as_slice())
    }

    fn put(&mut self, key: &str, values: Vec<String>) {
        let key: Box<str> = key.to_lowercase().into();
        match self.place(&key) {
            Ok(place) if values.is_empty() => drop(self.values.remove(place)),
            Ok(place) => {
                if let Some((_, old)) = self.values.get_mut(place) {
                    *old = values;
                }
            }
            Err(_) if values.is_empty() => {}
            Err(place) => self.values.insert(place, (key, values)),
        }
    }

    fn place(&self, key: &str) -> Result<usize, usize> {
        self.values.binary_search_by(|(known, _)| match known.len().cmp(&key.len()) {
            Ordering::Equal => (**known).cmp(key),
            other => other,
        })
    }
}

impl<K: AsRef<str>, V: Into<String>> FromIterator<(K, V)> for Context {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(items: I) -> Self {
        let mut context = Context::default();
        for (key, value) in items {
            context.set(key.as_ref(), value);
        }
        context
    }
}
