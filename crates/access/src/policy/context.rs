use std::collections::HashMap;

/// What is known of a request: condition keys (their names in any case) with one or several values.
///
/// All values are texts, in the form in which policies write them; an operator reads them as what it compares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    values: HashMap<Box<str>, Vec<String>>,
}

impl Context {
    pub fn new() -> Self {
        Context::default()
    }

    /// Gives the key one value, in place of what it had.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.values.insert(key.to_lowercase().into(), vec![value.into()]);
    }

    /// Gives the key several values, in place of what it had. With none it counts as absent.
    pub fn set_all<V: Into<String>>(&mut self, key: &str, values: impl IntoIterator<Item = V>) {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        if values.is_empty() {
            self.values.remove(key.to_lowercase().as_str());
        } else {
            self.values.insert(key.to_lowercase().into(), values);
        }
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
        self.values.get(key).map(Vec::as_slice)
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
