use super::invalid;
use crate::TopicsError;
use serde_json::Value;

/// What a text may be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text {
    Prefix(String),
    Suffix(String),
    /// In lower case.
    AnyCase(String),
    /// What stands between the stars.
    Wildcard(Vec<String>),
}

impl Text {
    /// # Errors
    /// `InvalidParameter`.
    pub fn read(word: &str, of: &Value) -> Result<Text, TopicsError> {
        if !["prefix", "suffix", "equals-ignore-case", "wildcard"].contains(&word) {
            return Err(invalid(format!("Unrecognized match type {word}")));
        }
        let Some(text) = of.as_str() else {
            return Err(invalid(format!("{word} match pattern must be a string")));
        };
        Ok(match word {
            "prefix" => Text::Prefix(text.to_owned()),
            "suffix" => Text::Suffix(text.to_owned()),
            "equals-ignore-case" => Text::AnyCase(text.to_lowercase()),
            _ => Text::Wildcard(wildcard(text)?),
        })
    }

    pub fn matches(&self, text: &str) -> bool {
        match self {
            Text::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Text::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Text::AnyCase(wanted) => text.to_lowercase() == *wanted,
            Text::Wildcard(parts) => matches_wildcard(parts, text),
        }
    }
}

/// A star is any number of letters; a backslash takes its meaning from a star or a backslash.
fn wildcard(pattern: &str) -> Result<Vec<String>, TopicsError> {
    if pattern.is_empty() {
        return Err(invalid("wildcard match pattern must not be empty"));
    }
    let mut parts = vec![String::new()];
    let mut letters = pattern.chars();
    let mut after_star = false;
    while let Some(letter) = letters.next() {
        let is_star = letter == '*';
        if is_star && after_star {
            return Err(invalid("Consecutive wildcard characters are not allowed"));
        }
        after_star = is_star;
        if is_star {
            parts.push(String::new());
            continue;
        }
        let letter = match letter {
            '\\' => letters
                .next()
                .filter(|letter| ['*', '\\'].contains(letter))
                .ok_or_else(|| invalid("Invalid escape character in wildcard"))?,
            letter => letter,
        };
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    Ok(parts)
}

/// The first part begins the text, the last one ends it, and those between are taken as early as they come.
fn matches_wildcard(parts: &[String], text: &str) -> bool {
    let (first, rest) = match parts {
        [] => return text.is_empty(),
        [only] => return text == only,
        [first, rest @ ..] => (first, rest),
    };
    let Some(mut text) = text.strip_prefix(first.as_str()) else { return false };
    let Some((last, between)) = rest.split_last() else { return false };
    for part in between {
        match text.find(part.as_str()) {
            Some(at) => text = text.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    text.ends_with(last.as_str())
}
