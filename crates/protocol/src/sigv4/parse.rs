use std::{collections::BTreeMap, time::Duration};

use clock::Timestamp;
use http::{HeaderMap, header::AUTHORIZATION, header::DATE, request::Parts};

use super::{EXPIRES_MAX, Kind, Presented, Scope, SigError};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Bytes of an `Authorization` header, at most; a session token is not part of it.
const AUTHORIZATION_BYTES_MAX: usize = 8 * 1024;
/// Signed headers, at most.
const SIGNED_HEADERS_MAX: usize = 256;

/// What the request claims about its signer.
///
/// # Errors
/// [`SigError::Missing`] where it claims nothing; otherwise what is wrong with the claim's form.
pub fn parse(parts: &Parts) -> Result<Presented, SigError> {
    let query = parameters(parts.uri.query().unwrap_or_default())?;
    let authorization = parts.headers.get(AUTHORIZATION);
    let in_query = query.contains_key("X-Amz-Algorithm") || query.contains_key("X-Amz-Signature");
    let in_query_v2 = query.contains_key("Signature") && query.contains_key("AWSAccessKeyId");
    match (authorization, in_query, in_query_v2) {
        (Some(_), true, _) | (Some(_), _, true) | (None, true, true) => Err(SigError::TwoMechanisms),
        (Some(value), false, false) => {
            let value = value.to_str().map_err(|_| SigError::malformed_header("it is not plain text"))?;
            from_header(value, &parts.headers)
        }
        (None, true, false) => from_query(&query),
        (None, false, true) => from_query_v2(query),
        (None, false, false) => Err(SigError::Missing),
    }
}

/// The first value of every parameter. A signature parameter given twice is refused, since two readers
/// might take different ones.
fn parameters(query: &str) -> Result<BTreeMap<String, String>, SigError> {
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
        let decisive = name.starts_with("X-Amz-") || name == "Signature" || name == "AWSAccessKeyId";
        if parameters.contains_key(&name) && decisive {
            return Err(SigError::MalformedQuery(format!("{name} is given twice")));
        }
        parameters.entry(name).or_insert(value);
    }
    Ok(parameters)
}

fn from_header(value: &str, headers: &HeaderMap) -> Result<Presented, SigError> {
    if value.len() > AUTHORIZATION_BYTES_MAX {
        return Err(SigError::malformed_header("it is too long"));
    }
    let (algorithm, rest) = value.trim().split_once(' ').unwrap_or((value, ""));
    if algorithm != ALGORITHM {
        return Err(SigError::UnsupportedMechanism);
    }
    let (mut credential, mut signed_headers, mut signature) = (None, None, None);
    for part in rest.split(',') {
        let (name, value) = part.trim().split_once('=').unwrap_or((part.trim(), ""));
        let place = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed_headers,
            "Signature" => &mut signature,
            _ => return Err(SigError::malformed_header(&format!("it has an unknown part '{name}'"))),
        };
        if place.replace(value).is_some() {
            return Err(SigError::malformed_header(&format!("it has two parts '{name}'")));
        }
    }
    let missing = |name: &str| SigError::malformed_header(&format!("it has no {name}"));
    let credential = credential.ok_or_else(|| missing("Credential"))?;
    let (access_key_id, scope) = read_credential(credential).map_err(SigError::MalformedHeader)?;
    Ok(Presented {
        access_key_id,
        scope,
        kind: Kind::Header,
        session_token: header_text(headers, "x-amz-security-token")?,
        signature: signature.ok_or_else(|| missing("Signature"))?.to_owned(),
        signed_headers: read_signed_headers(signed_headers.ok_or_else(|| missing("SignedHeaders"))?)
            .map_err(SigError::MalformedHeader)?,
        signed_at: header_date(headers)?,
    })
}

fn header_date(headers: &HeaderMap) -> Result<Timestamp, SigError> {
    if let Some(text) = header_text(headers, "x-amz-date")? {
        return Timestamp::parse_basic(&text).map_err(|_| SigError::InvalidDate(text));
    }
    let Some(text) = header_text(headers, DATE.as_str())? else { return Err(SigError::MissingDate) };
    let parsed = Timestamp::parse_basic(&text).or_else(|_| Timestamp::parse_http_date(&text));
    parsed.map_err(|_| SigError::InvalidDate(text))
}

fn header_text(headers: &HeaderMap, name: &str) -> Result<Option<String>, SigError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text.trim().to_owned())),
        _ => Err(SigError::malformed_header(&format!("the header {name} is not one plain text"))),
    }
}

fn from_query(query: &BTreeMap<String, String>) -> Result<Presented, SigError> {
    let get = |name: &str| {
        query.get(name).filter(|value| !value.is_empty()).ok_or_else(|| {
            SigError::MalformedQuery(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
                 X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
                    .to_owned(),
            )
        })
    };
    if get("X-Amz-Algorithm")? != ALGORITHM {
        return Err(SigError::MalformedQuery(
            "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"".to_owned(),
        ));
    }
    let (access_key_id, scope) =
        read_credential(get("X-Amz-Credential")?).map_err(SigError::MalformedQuery)?;
    let date = get("X-Amz-Date")?;
    let signed_at = Timestamp::parse_basic(date).map_err(|_| {
        SigError::MalformedQuery(
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"".to_owned(),
        )
    })?;
    let expires: i64 = get("X-Amz-Expires")?
        .parse()
        .map_err(|_| SigError::MalformedQuery("X-Amz-Expires should be a number".to_owned()))?;
    let expires = u64::try_from(expires)
        .ok()
        .filter(|seconds| *seconds > 0)
        .ok_or_else(|| SigError::MalformedQuery("X-Amz-Expires must be positive".to_owned()))?;
    if Duration::from_secs(expires) > EXPIRES_MAX {
        return Err(SigError::MalformedQuery(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be \
             less than 604800 seconds"
                .to_owned(),
        ));
    }
    Ok(Presented {
        access_key_id,
        scope,
        kind: Kind::Query { expires: Duration::from_secs(expires) },
        session_token: query.get("X-Amz-Security-Token").cloned(),
        signature: get("X-Amz-Signature")?.clone(),
        signed_headers: read_signed_headers(get("X-Amz-SignedHeaders")?).map_err(SigError::MalformedQuery)?,
        signed_at,
    })
}

fn from_query_v2(mut query: BTreeMap<String, String>) -> Result<Presented, SigError> {
    let mut take = |name: &str| query.remove(name).filter(|value| !value.is_empty());
    let missing = || {
        SigError::MalformedQuery(
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
                .to_owned(),
        )
    };
    let expires = take("Expires").ok_or_else(missing)?;
    let expires = expires.parse().map_err(|_| {
        SigError::MalformedQuery(format!("Invalid date (should be seconds since epoch): {expires}"))
    })?;
    let token = take("x-amz-security-token");
    Ok(Presented {
        access_key_id: take("AWSAccessKeyId").ok_or_else(missing)?,
        scope: Scope { date: String::new(), region: String::new(), service: String::new() },
        kind: Kind::QueryV2 { expires_at: Timestamp::from_seconds(expires) },
        session_token: token,
        // Base64: a plus sign sent unencoded has become a blank.
        signature: take("Signature").ok_or_else(missing)?.replace(' ', "+"),
        signed_headers: Vec::new(),
        signed_at: Timestamp::EPOCH,
    })
}

/// `AKID/20261121/us-east-1/s3/aws4_request`. An access key id may hold slashes, a scope may not.
pub(super) fn read_credential(credential: &str) -> Result<(String, Scope), String> {
    let expected = "the Credential is mal-formed; expecting \
                    \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";
    let mut parts = credential.rsplitn(5, '/');
    let mut next = || parts.next().unwrap_or_default();
    let (end, service, region, date, access_key_id) = (next(), next(), next(), next(), next());
    let is_date = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    if access_key_id.is_empty() || service.is_empty() || !is_date {
        return Err(expected.to_owned());
    }
    if end != "aws4_request" {
        return Err(format!("incorrect terminal \"{end}\". This endpoint uses \"aws4_request\"."));
    }
    let scope = Scope { date: date.to_owned(), region: region.to_owned(), service: service.to_owned() };
    Ok((access_key_id.to_owned(), scope))
}

fn read_signed_headers(text: &str) -> Result<Vec<String>, String> {
    let names: Vec<String> = text.split(';').map(str::to_ascii_lowercase).collect();
    let sorted = names.is_sorted_by(|a, b| a < b);
    if names.len() > SIGNED_HEADERS_MAX || names.iter().any(String::is_empty) || !sorted {
        return Err("the SignedHeaders are not a sorted list of header names".to_owned());
    }
    Ok(names)
}
