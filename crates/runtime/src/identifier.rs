use serde::{Deserialize, Serialize};
use std::fmt;

/// A runtime identifier as callers write it (`nodejs20.x`, `python3.11`, `java21`, `provided.al2023`).
///
/// Being well-formed says nothing about this machine: [`crate::Runtimes::resolve`] tells whether an
/// interpreter for it is there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RuntimeId {
    text: String,
    family: Family,
}

/// What a runtime identifier asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// `nodejs<major>.x`
    Node { major: u16 },
    /// `python3.<minor>`
    Python { minor: u16 },
    /// `java<feature>`, `java8.al2`, `java<feature>.al2023`
    Java { feature: u16 },
    /// `ruby<major>.<minor>`
    Ruby { major: u16, minor: u16 },
    /// `provided`, `provided.al2`, `provided.al2023`: the code brings an executable named `bootstrap`.
    Provided,
}

impl Family {
    /// The identifier of what runs it on this machine; `None` where the code brings that.
    pub(crate) fn identifier(self) -> Option<String> {
        match self {
            Family::Node { major } => Some(format!("nodejs{major}.x")),
            Family::Python { minor } => Some(format!("python3.{minor}")),
            Family::Java { feature: OLDEST_JAVA } => Some(format!("java{OLDEST_JAVA}.al2")),
            Family::Java { feature } => Some(format!("java{feature}")),
            Family::Ruby { major, minor } => Some(format!("ruby{major}.{minor}")),
            Family::Provided => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown runtime {0:?}: supported are nodejs<major>.x, python3.<minor>, java<feature>, ruby<major>.<minor>, provided, provided.al2 and \
     provided.al2023"
)]
pub struct UnknownRuntime(pub String);

impl RuntimeId {
    /// # Errors
    /// [`UnknownRuntime`] for every other family (.NET, retired Go, Python 2).
    pub fn parse(text: &str) -> Result<Self, UnknownRuntime> {
        let family = match text {
            "provided" | "provided.al2" | "provided.al2023" => Some(Family::Provided),
            "java8.al2" => Some(Family::Java { feature: OLDEST_JAVA }),
            _ => parse_node(text)
                .or_else(|| parse_python(text))
                .or_else(|| parse_java(text))
                .or_else(|| parse_ruby(text)),
        };
        match family {
            Some(family) => Ok(RuntimeId { text: text.to_owned(), family }),
            None => Err(UnknownRuntime(text.to_owned())),
        }
    }

    /// Of code that is a container image, which brings everything itself.
    pub fn of_images() -> Self {
        RuntimeId { text: "provided".to_owned(), family: Family::Provided }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn family(&self) -> Family {
        self.family
    }
}

fn parse_node(text: &str) -> Option<Family> {
    let major = text.strip_prefix("nodejs")?.strip_suffix(".x")?;
    Some(Family::Node { major: parse_number(major)? })
}

fn parse_python(text: &str) -> Option<Family> {
    Some(Family::Python { minor: parse_number(text.strip_prefix("python3.")?)? })
}

fn parse_java(text: &str) -> Option<Family> {
    let version = text.strip_prefix("java")?;
    let (version, oldest) = match version.strip_suffix(".al2023") {
        Some(version) => (version, OLDEST_JAVA),
        None => (version, OLDEST_JAVA + 1),
    };
    let feature = parse_number(version)?;
    (feature >= oldest).then_some(Family::Java { feature })
}

fn parse_ruby(text: &str) -> Option<Family> {
    let (major, minor) = text.strip_prefix("ruby")?.split_once('.')?;
    let minor = if minor == "0" { 0 } else { parse_number(minor)? };
    Some(Family::Ruby { major: parse_number(major)?, minor })
}

/// Its identifiers have all a system's name behind them.
const OLDEST_JAVA: u16 = 8;

/// At most three digits, no sign, no leading zero, so that an identifier has one spelling.
fn parse_number(text: &str) -> Option<u16> {
    let plain = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if plain && !text.starts_with('0') { text.parse().ok() } else { None }
}

impl fmt::Display for RuntimeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for RuntimeId {
    type Error = UnknownRuntime;
    fn try_from(text: String) -> Result<Self, UnknownRuntime> {
        RuntimeId::parse(&text)
    }
}

impl From<RuntimeId> for String {
    fn from(id: RuntimeId) -> String {
        id.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_read_and_everything_else_is_refused() {
        let family = |text| RuntimeId::parse(text).map(|id| id.family()).ok();
        assert_eq!(family("nodejs20.x"), Some(Family::Node { major: 20 }));
        assert_eq!(family("nodejs8.x"), Some(Family::Node { major: 8 }));
        assert_eq!(family("python3.11"), Some(Family::Python { minor: 11 }));
        assert_eq!(family("provided.al2023"), Some(Family::Provided));
        assert_eq!(family("java21"), Some(Family::Java { feature: 21 }));
        assert_eq!(family("ruby3.2"), Some(Family::Ruby { major: 3, minor: 2 }));
        assert_eq!(family("java8.al2"), Some(Family::Java { feature: 8 }));
        assert_eq!(family("java17.al2023"), Some(Family::Java { feature: 17 }));
        for text in ["", "nodejs", "nodejs20", "nodejs020.x", "nodejs+2.x", "python2.7", "java8", "Provided"]
        {
            assert_eq!(family(text), None, "{text}");
        }
    }
}
