//! Which operation a request means, from the facts of the published model: method, path, query, and
//! where those leave it open, headers.

use std::collections::BTreeSet;

use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

use crate::model::OperationName;

/// The values of a path's labels, by the labels' names.
pub type Labels = Vec<(&'static str, String)>;

#[derive(Debug)]
pub struct Route {
    pub operation: &'static OperationName,
    pub labels: Labels,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    #[error("the path is not percent-encoded UTF-8")]
    Path,
}

/// The most specific operation that the request matches; `None` where it matches none.
///
/// `path` and `query` are as sent, still encoded. A bucket in the host name belongs before the path:
/// pass `/{bucket}{path}`. More specific is, in this order: more literal path segments, more of the
/// query and headers demanded, not deprecated.
///
/// # Errors
/// [`RouteError::Path`] where a label of the match is not UTF-8.
pub fn find(
    operations: &'static [OperationName],
    method: &Method,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Option<Route>, RouteError> {
    let query = query.unwrap_or_default().as_bytes();
    let parameters: Vec<(String, String)> = form_urlencoded::parse(query).into_owned().collect();
    let names: BTreeSet<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    let mut best: Option<(Specificity, &'static OperationName)> = None;
    let (mut labels, mut best_labels) = (EncodedLabels::new(), EncodedLabels::new());
    for operation in operations {
        // What leaves most out, for least.
        if operation.method != method.as_str() || !begins_alike(operation.path, path) {
            continue;
        }
        let demanded = operation.query.iter().all(|(name, value)| match value {
            None => names.contains(name),
            Some(value) => parameters.iter().any(|(key, given)| key == name && given == value),
        });
        if !demanded
            || !operation.required_query.iter().all(|name| names.contains(name))
            || !operation.required_headers.iter().all(|name| headers.contains_key(*name))
        {
            continue;
        }
        labels.clear();
        if match_path(operation.path, path, &mut labels).is_none() {
            continue;
        }
        let specificity = Specificity {
            literals: literals(operation.path),
            demands: operation.query.len()
                + operation.required_query.len()
                + operation.required_headers.len(),
            current: !operation.deprecated,
        };
        if best.as_ref().is_none_or(|(other, _)| specificity > *other) {
            best = Some((specificity, operation));
            std::mem::swap(&mut labels, &mut best_labels);
        }
    }
    let Some((_, operation)) = best else { return Ok(None) };
    let labels = best_labels.into_iter().map(|(name, raw)| {
        let decoded = percent_decode_str(raw).decode_utf8().map_err(|_| RouteError::Path)?;
        Ok((name, decoded.into_owned()))
    });
    Ok(Some(Route { operation, labels: labels.collect::<Result<_, _>>()? }))
}

type EncodedLabels<'a> = Vec<(&'static str, &'a str)>;

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Specificity {
    literals: usize,
    demands: usize,
    current: bool,
}

fn literals(template: &str) -> usize {
    template.split('/').filter(|segment| !segment.is_empty() && label(segment).is_none()).count()
}

/// The name in `{Name}` or `{Name+}`, and whether it takes several segments.
fn label(segment: &str) -> Option<(&str, bool)> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    Some(name.strip_suffix('+').map_or((name, false), |name| (name, true)))
}

/// Whether the path begins with what the template has before its first label; otherwise it cannot match.
fn begins_alike(template: &str, path: &str) -> bool {
    let literal = template.split('{').next().unwrap_or_default();
    path.starts_with(literal.trim_end_matches('/'))
}

/// The labels' values, still encoded, are appended. Without a greedy label, a slash at the end does not matter.
fn match_path<'a>(template: &'static str, path: &'a str, labels: &mut EncodedLabels<'a>) -> Option<()> {
    let mut rest = path.strip_prefix('/')?;
    let mut segments = template.strip_prefix('/')?.trim_end_matches('/').split('/').peekable();
    if segments.peek() == Some(&"") {
        return rest.is_empty().then_some(());
    }
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match label(segment) {
            Some((name, true)) => {
                // What follows a greedy label is literal, and short: match it from the end.
                let mut taken = rest;
                for tail in segments.rev() {
                    taken = taken.strip_suffix(tail)?.strip_suffix('/')?;
                }
                labels.push((name, taken));
                return (!taken.is_empty()).then_some(());
            }
            expected => {
                let (given, after) = match rest.split_once('/') {
                    Some((given, after)) => (given, Some(after)),
                    None => (rest, None),
                };
                match expected {
                    Some((name, _)) if !given.is_empty() => labels.push((name, given)),
                    Some(_) => return None,
                    None if given != segment => return None,
                    None => {}
                }
                match after {
                    Some(after) => rest = after,
                    None => return last.then_some(()),
                }
            }
        }
    }
    rest.is_empty().then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    static OPERATIONS: &[OperationName] = &[
        OperationName::new("ListBuckets", "GET", "/"),
        OperationName::new("ListObjects", "GET", "/{Bucket}"),
        OperationName::new("ListObjectsV2", "GET", "/{Bucket}").query(&[("list-type", Some("2"))]),
        OperationName::new("GetBucketNotification", "GET", "/{Bucket}")
            .query(&[("notification", None)])
            .deprecated(),
        OperationName::new("GetBucketNotificationConfiguration", "GET", "/{Bucket}")
            .query(&[("notification", None)]),
        OperationName::new("GetObject", "GET", "/{Bucket}/{Key+}"),
        OperationName::new("ListParts", "GET", "/{Bucket}/{Key+}").required_query(&["uploadId"]),
        OperationName::new("PutObject", "PUT", "/{Bucket}/{Key+}"),
        OperationName::new("CopyObject", "PUT", "/{Bucket}/{Key+}").required_headers(&["x-amz-copy-source"]),
        OperationName::new("UploadPart", "PUT", "/{Bucket}/{Key+}")
            .required_query(&["partNumber", "uploadId"]),
        OperationName::new("UploadPartCopy", "PUT", "/{Bucket}/{Key+}")
            .required_query(&["partNumber", "uploadId"])
            .required_headers(&["x-amz-copy-source"]),
        OperationName::new("ListFunctions", "POST", "/2015-03-31/functions"),
        OperationName::new("GetAlias", "POST", "/2015-03-31/functions/{FunctionName}/aliases/{Name}"),
        OperationName::new("ListConfigs", "POST", "/2015-03-31/functions/{FunctionName}/config/list"),
        OperationName::new("GreedyThenLiteral", "POST", "/x/{Path+}/end"),
    ];

    fn check(request: &str, header: Option<&'static str>, expected: &str, labels: &[(&str, &str)]) {
        let (method, uri) = request.split_once(' ').unwrap();
        let (path, query) = uri.split_once('?').map_or((uri, None), |(path, query)| (path, Some(query)));
        let mut headers = HeaderMap::new();
        if let Some(name) = header {
            headers.insert(name, http::HeaderValue::from_static("x"));
        }
        let route = find(OPERATIONS, &method.parse().unwrap(), path, query, &headers).unwrap();
        assert_eq!(route.as_ref().map_or("", |route| route.operation.name), expected, "{request}");
        let found = route.map(|route| route.labels).unwrap_or_default();
        let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(found, labels, "{request}");
    }

    #[test]
    fn s3_requests_are_told_apart() {
        let copy = Some("x-amz-copy-source");
        let key = [("Bucket", "b"), ("Key", "k")];
        check("GET /", None, "ListBuckets", &[]);
        check("GET /b", None, "ListObjects", &[("Bucket", "b")]);
        check("GET /b/", None, "ListObjects", &[("Bucket", "b")]);
        check("GET /b/?list-type=2&prefix=x", None, "ListObjectsV2", &[("Bucket", "b")]);
        check("GET /b?list-type=1", None, "ListObjects", &[("Bucket", "b")]);
        check("GET /b?notification", None, "GetBucketNotificationConfiguration", &[("Bucket", "b")]);
        check("GET /b?notification=", None, "GetBucketNotificationConfiguration", &[("Bucket", "b")]);
        check("GET /b/k", None, "GetObject", &key);
        check("GET /b/k?uploadId=u", None, "ListParts", &key);
        check("PUT /b/k", None, "PutObject", &key);
        check("PUT /b/k", copy, "CopyObject", &key);
        check("PUT /b/k?partNumber=1&uploadId=u", None, "UploadPart", &key);
        check("PUT /b/k?partNumber=1&uploadId=u", copy, "UploadPartCopy", &key);
        check("DELETE /b/k", None, "", &[]);
    }

    #[test]
    fn keys_are_taken_exactly() {
        check("GET /b/a%20b%2Fc/", None, "GetObject", &[("Bucket", "b"), ("Key", "a b/c/")]);
        check("GET /b//a//", None, "GetObject", &[("Bucket", "b"), ("Key", "/a//")]);
        check("GET /b/a+b/../c", None, "GetObject", &[("Bucket", "b"), ("Key", "a+b/../c")]);
        check("GET //b", None, "", &[]);
    }

    #[test]
    fn rest_paths_are_matched() {
        check("POST /2015-03-31/functions", None, "ListFunctions", &[]);
        check("POST /2015-03-31/functions/", None, "ListFunctions", &[]);
        let labels = [("FunctionName", "f:1"), ("Name", "n")];
        check("POST /2015-03-31/functions/f%3A1/aliases/n", None, "GetAlias", &labels);
        check("POST /2015-03-31/functions/f/config/list", None, "ListConfigs", &[("FunctionName", "f")]);
        check("POST /2015-03-31/functions/f/config", None, "", &[]);
        check("POST /2015-03-31/functions/f/config/list/more", None, "", &[]);
        check("POST /x/a/b/end", None, "GreedyThenLiteral", &[("Path", "a/b")]);
    }

    #[test]
    fn a_path_that_is_not_utf8_is_refused() {
        let found = find(OPERATIONS, &Method::GET, "/b/%ff", None, &HeaderMap::new());
        assert_eq!(found.unwrap_err(), RouteError::Path);
    }
}
