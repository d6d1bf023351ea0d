use crate::{Cidr, PolicyError};
use std::fmt;
use std::str::FromStr;

/// One thing that an allow-list opens: a place, and the ports there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub(crate) place: Place,
    pub(crate) ports: Ports,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Lower case, without a dot at the end.
    Name(String),
    /// Every name that ends so, the dot included; not the name after the dot itself.
    Below(String),
    Block(Cidr),
}

/// An inclusive range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) first: u16,
    pub(crate) last: u16,
}

impl Ports {
    const ALL: Ports = Ports { first: 0, last: u16::MAX };

    pub(crate) fn contains(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

impl Rule {
    /// `name` in lower case, without a dot at the end.
    pub(crate) fn opens_name(&self, name: &str) -> bool {
        match &self.place {
            Place::Name(open) => name == open,
            Place::Below(end) => name.len() > end.len() && name.ends_with(end.as_str()),
            Place::Block(_) => false,
        }
    }
}

/// `api.example.com`, `*.example.com` or `.example.com`, `10.1.2.0/24`, `192.0.2.1`, each with `:443` or
/// `:8000-8010`; IPv6 with ports in brackets, `[2001:db8::/32]:443`.
impl FromStr for Rule {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let bad = |why: &str| PolicyError(format!("{text:?} {why}"));
        let (place, ports) = split(text).ok_or_else(|| bad("has an unclosed bracket"))?;
        let ports = match ports {
            None => Ports::ALL,
            Some(ports) => ports_of(ports).ok_or_else(|| bad("has no port of 1-65535, or range of them"))?,
        };
        Ok(Rule { place: place_of(place).map_err(|why| bad(&why))?, ports })
    }
}

fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (place, ports) = rest.split_once(']')?;
        return match ports.strip_prefix(':') {
            Some(ports) => Some((place, Some(ports))),
            None => ports.is_empty().then_some((place, None)),
        };
    }
    Some(match text.split_once(':') {
        // More than one colon: IPv6 without ports.
        Some((_, ports)) if ports.contains(':') => (text, None),
        Some((place, ports)) => (place, Some(ports)),
        None => (text, None),
    })
}

fn ports_of(text: &str) -> Option<Ports> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let port = |digits: &str| -> Option<u16> {
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten().filter(|port| *port > 0)
    };
    let (first, last) = (port(first)?, port(last)?);
    (first <= last).then_some(Ports { first, last })
}

fn place_of(text: &str) -> Result<Place, String> {
    let last = text.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || text.contains(['/', ':']);
    if numeric && !last.is_empty() {
        return text.parse().map(Place::Block).map_err(|_| {
            "is neither a host name nor an address block without bits beyond its length".to_owned()
        });
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let (below, name) = match name.strip_prefix("*.").or_else(|| name.strip_prefix('.')) {
        Some(rest) => (true, rest.to_owned()),
        None => (false, name),
    };
    if !is_host_name(&name) {
        return Err("is neither a host name, *.name, nor an address block".to_owned());
    }
    Ok(if below { Place::Below(format!(".{name}")) } else { Place::Name(name) })
}

/// Labels of letters, digits, `-` and `_`, at most 63 characters each and 253 together.
fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    name.len() <= 253 && name.split('.').all(label)
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.place, self.ports == Ports::ALL) {
            (Place::Block(block), false) if block.is_v6() => write!(f, "[{block}]")?,
            (Place::Block(block), _) => write!(f, "{block}")?,
            (Place::Name(text) | Place::Below(text), _) => f.write_str(text)?,
        }
        match self.ports {
            Ports::ALL => Ok(()),
            Ports { first, last } if first == last => write!(f, ":{first}"),
            Ports { first, last } => write!(f, ":{first}-{last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_and_written() {
        for (text, written) in [
            ("API.example.com.", "api.example.com"),
            ("api.example.com:443", "api.example.com:443"),
            ("*.example.com", ".example.com"),
            (".example.com:8000-8010", ".example.com:8000-8010"),
            ("_mongodb._tcp.example.com", "_mongodb._tcp.example.com"),
            ("10.1.2.0/24", "10.1.2.0/24"),
            ("10.1.2.3:5432", "10.1.2.3/32:5432"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("[2001:db8::/32]:443", "[2001:db8::/32]:443"),
            ("[2001:db8::1]", "2001:db8::1/128"),
            ("localhost", "localhost"),
        ] {
            let rule: Rule = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(rule.to_string(), written);
            assert_eq!(written.parse::<Rule>().unwrap(), rule);
        }
    }

    #[test]
    fn refuses_what_means_nothing() {
        for text in [
            "",
            ".",
            "*",
            "*.",
            "a..b",
            "a*.example.com",
            "*.*.example.com",
            "api.example.com:0",
            "api.example.com:65536",
            "api.example.com:",
            "api.example.com:9-8",
            "api.example.com:+1",
            "http://example.com",
            "10.0.0.1/8",
            "10.0.0.256",
            "1.2.3",
            "[::1",
            "[::1]x",
            "ex ample.com",
            "münchen.example",
        ] {
            assert!(text.parse::<Rule>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_below_are_not_the_name_itself() {
        let rule: Rule = "*.example.com".parse().unwrap();
        for (name, opened) in [
            ("a.example.com", true),
            ("a.b.example.com", true),
            ("example.com", false),
            ("badexample.com", false),
        ] {
            assert_eq!(rule.opens_name(name), opened, "{name}");
        }
    }
}
