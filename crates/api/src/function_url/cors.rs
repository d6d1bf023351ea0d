//! Cross-origin requests to a function URL, answered from its own setting
//! (<https://fetch.spec.whatwg.org/#http-cors-protocol>).

use functions::Cors;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// Whether a browser asks for permission first. Such a request never reaches the function.
pub(super) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(ORIGIN)
        && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The headers of the answer to a preflight request; none for an origin that is not allowed.
pub(super) fn preflight(cors: &Cors, request: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if !allow_origin(cors, request, &mut headers) {
        return headers;
    }
    let asked = |name: HeaderName| request.get(name).and_then(|value| value.to_str().ok());
    let list = |allowed: &[String], asked: Option<&str>| match asked {
        Some(asked) if allowed.iter().any(|item| item == "*") => asked.to_owned(),
        _ => allowed.join(","),
    };
    put(
        &mut headers,
        ACCESS_CONTROL_ALLOW_METHODS,
        &list(&cors.allow_methods, asked(ACCESS_CONTROL_REQUEST_METHOD)),
    );
    put(
        &mut headers,
        ACCESS_CONTROL_ALLOW_HEADERS,
        &list(&cors.allow_headers, asked(ACCESS_CONTROL_REQUEST_HEADERS)),
    );
    if let Some(age) = cors.max_age_s {
        put(&mut headers, ACCESS_CONTROL_MAX_AGE, &age.to_string());
    }
    headers
}

/// Sets the headers of the answer to the request itself. They replace what the function set.
pub(super) fn apply(cors: &Cors, request: &HeaderMap, response: &mut HeaderMap) {
    if !request.contains_key(ORIGIN) {
        return;
    }
    let mut headers = HeaderMap::new();
    if allow_origin(cors, request, &mut headers) {
        put(&mut headers, ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose_headers.join(","));
    }
    for name in [ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_EXPOSE_HEADERS]
    {
        response.remove(name);
    }
    for (name, value) in &headers {
        if name == VARY {
            response.append(name, value.clone());
        } else {
            response.insert(name, value.clone());
        }
    }
}

/// Whether the request's origin is allowed; if so, the headers that say it.
fn allow_origin(cors: &Cors, request: &HeaderMap, headers: &mut HeaderMap) -> bool {
    let Some(origin) = request.get(ORIGIN).and_then(|value| value.to_str().ok()) else { return false };
    if !cors.allow_origins.iter().any(|pattern| matches(pattern, origin)) {
        return false;
    }
    let anybody = cors.allow_origins.iter().any(|pattern| pattern == "*") && !cors.allow_credentials;
    put(headers, ACCESS_CONTROL_ALLOW_ORIGIN, if anybody { "*" } else { origin });
    if !anybody {
        put(headers, VARY, "Origin");
    }
    if cors.allow_credentials {
        put(headers, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    true
}

/// `*`, an origin, or an origin with one `*` in it.
fn matches(pattern: &str, origin: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, after)) => {
            origin.len() >= before.len() + after.len()
                && origin.starts_with(before)
                && origin.ends_with(after)
        }
        None => pattern.eq_ignore_ascii_case(origin),
    }
}

/// Leaves empty values out.
fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(origin: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_static(origin));
        headers.insert(ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("PUT"));
        headers.insert(ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue::from_static("x-a"));
        headers
    }

    fn cors(origins: &[&str], credentials: bool) -> Cors {
        Cors {
            allow_credentials: credentials,
            allow_headers: vec!["*".to_owned()],
            allow_methods: vec!["GET".to_owned(), "PUT".to_owned()],
            allow_origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
            expose_headers: vec!["x-b".to_owned()],
            max_age_s: Some(60),
        }
    }

    #[test]
    fn preflights_are_answered_by_the_setting() {
        let headers = preflight(&cors(&["*"], false), &request("https://a.example"));
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_METHODS], "GET,PUT");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_HEADERS], "x-a");
        assert_eq!(headers[ACCESS_CONTROL_MAX_AGE], "60");
        assert!(preflight(&cors(&["https://b.example"], false), &request("https://a.example")).is_empty());
    }

    #[test]
    fn the_setting_replaces_what_the_function_said() {
        let mut response = HeaderMap::new();
        response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("https://evil.example"));
        apply(&cors(&["https://*.example"], true), &request("https://a.example"), &mut response);
        assert_eq!(response[ACCESS_CONTROL_ALLOW_ORIGIN], "https://a.example");
        assert_eq!(response[ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        assert_eq!(response[ACCESS_CONTROL_EXPOSE_HEADERS], "x-b");
        assert_eq!(response[VARY], "Origin");
        apply(&cors(&["https://other"], true), &request("https://a.example"), &mut response);
        assert!(!response.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    }
}
