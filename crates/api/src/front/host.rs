//! What a host name says about a request.

use std::net::IpAddr;

/// Where a `Host` header points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Addressed {
    /// The endpoint itself; nothing more is known.
    Endpoint,
    /// `{service}.…` or `{service}.{region}.…`.
    Service(String),
    /// `{bucket}.s3.…`, `{bucket}.s3.{region}.…` or `{bucket}.{base domain}`.
    Bucket(String),
    /// `{id}.lambda-url.{region}.…`
    FunctionUrl(String),
}

/// Names that stand for a service, and never for a bucket, in front of a base domain.
const SERVICES: [&str; 7] = ["s3", "lambda", "sts", "iam", "dynamodb", "sqs", "sns"];

/// Reads a `Host` header's value; with or without port, and with the scheme that some clients put
/// there (`http://127.0.0.1:4566`).
pub(crate) fn read(host: &str, base_domains: &[String]) -> Addressed {
    let name = name_of(host).to_ascii_lowercase();
    if name.is_empty() || name.starts_with('[') || name.parse::<IpAddr>().is_ok() {
        return Addressed::Endpoint;
    }
    let labels: Vec<&str> = name.split('.').collect();
    if let [id, "lambda-url", ..] = labels.as_slice() {
        return Addressed::FunctionUrl((*id).to_owned());
    }
    // The last `s3` label: a bucket's name may hold another one.
    let s3 = labels.iter().rposition(|label| *label == "s3").or(match labels.as_slice() {
        // `{bucket}.s3-{region}.amazonaws.com`, as older clients write it.
        [before @ .., regional, "amazonaws", "com"] if regional.starts_with("s3-") => Some(before.len()),
        _ => None,
    });
    match s3 {
        Some(0) => return Addressed::Service("s3".to_owned()),
        Some(position) => {
            let bucket = labels.get(..position).unwrap_or_default().join(".");
            return Addressed::Bucket(bucket);
        }
        None => {}
    }
    let first = labels.first().copied().unwrap_or_default();
    for domain in base_domains {
        if name == *domain {
            return Addressed::Endpoint;
        }
        let Some(before) = name.strip_suffix(domain.as_str()).and_then(|rest| rest.strip_suffix('.')) else {
            continue;
        };
        return match SERVICES.contains(&first) {
            true => Addressed::Service(first.to_owned()),
            false => Addressed::Bucket(before.to_owned()),
        };
    }
    Addressed::Endpoint
}

/// The name alone, without scheme, path and port.
fn name_of(host: &str) -> &str {
    let host = without_scheme(host);
    if host.starts_with('[') {
        return host;
    }
    host.split_once(':').map_or(host, |(name, _)| name)
}

/// `name:port` of a `Host` header that may carry a scheme.
pub(crate) fn without_scheme(host: &str) -> &str {
    let host = host.strip_prefix("http://").or(host.strip_prefix("https://")).unwrap_or(host);
    host.trim_end_matches('/')
}

/// Whether the value may be repeated in URLs that we print.
pub(crate) fn is_plain(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 255
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, expected: Addressed) {
        let domains = ["localhost", "localhost.localstack.cloud", "amazonaws.com"].map(str::to_owned);
        assert_eq!(read(host, &domains), expected, "{host}");
    }

    fn bucket(name: &str) -> Addressed {
        Addressed::Bucket(name.to_owned())
    }

    #[test]
    fn the_endpoint_is_recognised_in_every_spelling() {
        for host in [
            "127.0.0.1:4566",
            "127.0.0.1",
            "http://127.0.0.1:4566",
            "[::1]:4566",
            "localhost:4566",
            "LOCALHOST",
            "localhost.localstack.cloud:4566",
            "cloud.example",
            "",
        ] {
            check(host, Addressed::Endpoint);
        }
    }

    #[test]
    fn buckets_are_read_from_every_form() {
        check("photos.s3.localhost:4566", bucket("photos"));
        check("photos.s3.amazonaws.com", bucket("photos"));
        check("photos.s3.eu-west-1.amazonaws.com", bucket("photos"));
        check("photos.s3-eu-west-1.amazonaws.com", bucket("photos"));
        check("photos.s3.dualstack.eu-west-1.amazonaws.com", bucket("photos"));
        check("photos.s3.cloud.example:80", bucket("photos"));
        check("my.holiday.photos.s3.localhost", bucket("my.holiday.photos"));
        check("a.s3.b.s3.localhost", bucket("a.s3.b"));
        check("photos.localhost:4566", bucket("photos"));
        check("s3-photos.localhost:4566", bucket("s3-photos"));
        check("my.photos.localhost.localstack.cloud", bucket("my.photos"));
    }

    #[test]
    fn services_and_function_urls_are_read() {
        check("s3.localhost", Addressed::Service("s3".to_owned()));
        check("s3.eu-west-1.amazonaws.com", Addressed::Service("s3".to_owned()));
        check("sts.amazonaws.com", Addressed::Service("sts".to_owned()));
        check("iam.amazonaws.com", Addressed::Service("iam".to_owned()));
        check("lambda.eu-west-1.amazonaws.com", Addressed::Service("lambda".to_owned()));
        let url = Addressed::FunctionUrl("abc123".to_owned());
        check("abc123.lambda-url.eu-west-1.localhost:4566", url.clone());
        check("ABC123.lambda-url.eu-west-1.on.aws", url);
    }

    #[test]
    fn only_plain_hosts_are_repeated() {
        assert!(is_plain("127.0.0.1:4566") && is_plain("[::1]:4566"));
        for host in ["", "a b", "a/b", "<x>", "a\"b"] {
            assert!(!is_plain(host), "{host}");
        }
    }
}
