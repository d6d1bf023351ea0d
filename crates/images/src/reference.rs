use crate::{Digest, ImageError};
use std::fmt;

/// What images are called here: a repository and a tag. Which registry an image once came from does not
/// matter, so `docker.io/library/app:1` and `000000000000.dkr.ecr.eu-west-1.amazonaws.com/app:1` are the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageName {
    pub repository: String,
    pub tag: String,
}

/// A function's `ImageUri`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageUri {
    /// With the registry's host: what a resolved URI begins with.
    pub registry_and_repository: String,
    pub repository: String,
    pub wanted: Wanted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Tag(String),
    Digest(Digest),
}

const REPOSITORY_BYTES_MAX: usize = 256;
const TAG_BYTES_MAX: usize = 128;

impl ImageName {
    /// `app`, `team/app:1`, `localhost:4566/app:1`; without a tag it is `latest`.
    ///
    /// # Errors
    /// `Refused` for what is no name of an image.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        let refused = || ImageError::Refused(format!("{text:.300?} is no name of an image: repository:tag"));
        let (_, rest) = split_registry(text);
        let rest = rest.strip_prefix("library/").unwrap_or(rest);
        let (repository, tag) = rest.split_once(':').unwrap_or((rest, "latest"));
        if !is_repository(repository) || !is_tag(tag) {
            return Err(refused());
        }
        Ok(ImageName { repository: repository.to_owned(), tag: tag.to_owned() })
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)
    }
}

impl ImageUri {
    /// `ACCOUNT.dkr.ecr.REGION.amazonaws.com/repository:tag`, or `@sha256:…`; instead of that host also a loopback
    /// one, `localhost:4566`, `ACCOUNT.dkr.ecr.REGION.localhost:4566`. `None` for anything else: as on Lambda, a
    /// URI without tag and digest is none either.
    pub fn parse(text: &str) -> Option<Self> {
        let (registry, rest) = split_registry(text);
        let registry = registry.filter(|host| is_known_registry(host))?;
        let (repository, wanted) = match rest.split_once('@') {
            Some((repository, digest)) => (repository, Wanted::Digest(Digest::parse(digest).ok()?)),
            None => {
                let (repository, tag) = rest.split_once(':')?;
                (repository, Wanted::Tag(is_tag(tag).then(|| tag.to_owned())?))
            }
        };
        is_repository(repository).then(|| ImageUri {
            registry_and_repository: format!("{registry}/{repository}"),
            repository: repository.to_owned(),
            wanted,
        })
    }
}

/// As docker tells hosts from repositories: the first part has a dot or a colon, or is `localhost`.
fn split_registry(text: &str) -> (Option<&str>, &str) {
    let is_host = |host: &str| {
        host == "localhost"
            || (host.contains(['.', ':']) && host.starts_with(|c: char| c.is_ascii_alphanumeric()))
    };
    match text.split_once('/') {
        Some((host, rest)) if is_host(host) => (Some(host), rest),
        _ => (None, text),
    }
}

fn is_known_registry(registry: &str) -> bool {
    let (host, port) = registry.split_once(':').map_or((registry, None), |(host, port)| (host, Some(port)));
    let is_port =
        |port: &str| !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit());
    if !port.is_none_or(is_port) || !host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)) {
        return false;
    }
    let is_ecr = || {
        let inside = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"));
        let parts = inside.map(|inside| inside.split('.').collect::<Vec<_>>());
        matches!(parts.as_deref(), Some([account, "dkr", "ecr", region])
            if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) && !region.is_empty())
    };
    host == "localhost" || host.ends_with(".localhost") || host == "127.0.0.1" || (port.is_none() && is_ecr())
}

/// Lower-case parts with slashes between them, each of letters and digits with `.`, `_` or `-` inside.
fn is_repository(text: &str) -> bool {
    let is_part = |part: &str| {
        let edge = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        edge(part.bytes().next())
            && edge(part.bytes().next_back())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
            && !part.contains("..")
    };
    text.len() <= REPOSITORY_BYTES_MAX && text.split('/').all(is_part)
}

fn is_tag(text: &str) -> bool {
    text.len() <= TAG_BYTES_MAX
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_forget_where_an_image_came_from() {
        let read = |text| ImageName::parse(text).map(|name| name.to_string()).ok();
        for (text, name) in [
            ("app", "app:latest"),
            ("app:1.2_x-Y", "app:1.2_x-Y"),
            ("docker.io/library/app", "app:latest"),
            ("localhost:4566/team/app:1", "team/app:1"),
            ("000000000000.dkr.ecr.us-east-1.amazonaws.com/app:v1", "app:v1"),
        ] {
            assert_eq!(read(text).as_deref(), Some(name), "{text}");
        }
        for text in ["", "App", "a//b", "../a", "a/../b", "a:", "a:b:c", "a:.b", "a b", "a@sha256:0", "-a"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn uris_are_those_of_registries_that_can_be_here() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for (text, repository) in [
            ("000000000000.dkr.ecr.us-east-1.amazonaws.com/app:1".to_owned(), "app"),
            (format!("000000000000.dkr.ecr.us-east-1.amazonaws.com/team/app@{digest}"), "team/app"),
            ("localhost:4566/app:latest".to_owned(), "app"),
            ("000000000000.dkr.ecr.us-east-1.localhost:4566/app:latest".to_owned(), "app"),
        ] {
            let uri = ImageUri::parse(&text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(uri.repository, repository);
            assert!(text.starts_with(&uri.registry_and_repository));
        }
        for text in [
            "app:1",
            "docker.io/app:1",
            "public.ecr.aws/lambda/python:3.12",
            "000000000000.dkr.ecr.us-east-1.amazonaws.com/app",
            "000000000000.dkr.ecr.us-east-1.amazonaws.com:80/app:1",
            "1.dkr.ecr.us-east-1.amazonaws.com/app:1",
            "localhost:4566/app@sha256:0a",
            "localhost:99999999/app:1",
            "localhost/../app:1",
            "http://localhost/app:1",
        ] {
            assert_eq!(ImageUri::parse(text), None, "{text}");
        }
    }
}
