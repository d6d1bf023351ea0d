use clock::Timestamp;
use http::StatusCode;

use super::SKEW_MAX;
use crate::{
    error::WireError,
    model::{Dialect, Protocol, Service},
};

/// Why a request is not authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigError {
    /// The request is not signed at all.
    Missing,
    TwoMechanisms,
    /// An algorithm that we do not verify.
    UnsupportedMechanism,
    /// The `Authorization` header; says what is wrong.
    MalformedHeader(String),
    /// The query's signature parameters; says what is wrong.
    MalformedQuery(String),
    MissingDate,
    InvalidDate(String),
    /// The scope's date is not the request's.
    ScopeDate {
        scope: String,
        request: Timestamp,
    },
    Skewed {
        request: Timestamp,
        now: Timestamp,
    },
    Expired {
        expired_at: Timestamp,
        now: Timestamp,
    },
    NotYetValid {
        valid_from: Timestamp,
        now: Timestamp,
    },
    HostNotSigned,
    /// The names, in lower case.
    UnsignedHeaders(Vec<String>),
    MissingContentHash,
    InvalidContentHash(String),
    /// A signed value is not text.
    NotText,
    Mismatch {
        access_key_id: String,
        signature: String,
        string_to_sign: String,
        canonical_request: String,
    },
    /// Found by the caller: no such key.
    UnknownAccessKeyId(String),
    /// Found by the caller: the session token is not this key's.
    InvalidToken,
    /// Found by the caller: the session is over.
    ExpiredToken,
    /// A form's policy does not allow the form; says why.
    Policy(String),
    /// A form's file is shorter or longer than its policy allows.
    PolicyTooSmall {
        size: u64,
        min: u64,
    },
    PolicyTooLarge {
        size: u64,
        max: u64,
    },
}

impl SigError {
    pub(super) fn malformed_header(reason: &str) -> SigError {
        SigError::MalformedHeader(reason.to_owned())
    }

    /// As the service tells its callers.
    pub fn into_wire(self, service: &Service) -> WireError {
        match service.dialect {
            Dialect::S3 => self.into_s3(),
            Dialect::Standard => self.into_standard(service),
        }
    }

    fn into_s3(self) -> WireError {
        let forbidden =
            |code: &'static str, message: &str| WireError::new(code, StatusCode::FORBIDDEN, message);
        let bad =
            |code: &'static str, message: String| WireError::new(code, StatusCode::BAD_REQUEST, message);
        match self {
            SigError::Missing => forbidden("AccessDenied", "Access Denied"),
            SigError::TwoMechanisms => bad(
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query \
                 string parameter or the Authorization header should be specified"
                    .to_owned(),
            ),
            SigError::UnsupportedMechanism => bad(
                "InvalidRequest",
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
                    .to_owned(),
            ),
            SigError::MalformedHeader(reason) => bad(
                "AuthorizationHeaderMalformed",
                format!("The authorization header is malformed; {reason}"),
            ),
            SigError::MalformedQuery(reason) => bad("AuthorizationQueryParametersError", reason),
            SigError::MissingDate => forbidden(
                "AccessDenied",
                "AWS authentication requires a valid Date or x-amz-date header",
            ),
            SigError::InvalidDate(_) => forbidden(
                "AccessDenied",
                "AWS authentication requires a valid Date or x-amz-date header",
            ),
            SigError::ScopeDate { scope, request } => bad(
                "AuthorizationHeaderMalformed",
                format!(
                    "The authorization header is malformed; Invalid credential date \"{scope}\". This date is \
                     not the same as X-Amz-Date: \"{}\".",
                    request.to_basic().get(..8).unwrap_or_default()
                ),
            ),
            SigError::Skewed { request, now } => forbidden(
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            )
            .field("RequestTime", request.to_basic())
            .field("ServerTime", now.to_iso8601())
            .field("MaxAllowedSkewMilliseconds", SKEW_MAX.as_millis().to_string()),
            SigError::Expired { expired_at, now } => forbidden("AccessDenied", "Request has expired")
                .field("Expires", expired_at.to_iso8601())
                .field("ServerTime", now.to_iso8601()),
            SigError::NotYetValid { valid_from, now } => forbidden("AccessDenied", "Request is not yet valid")
                .field("X-Amz-Date", valid_from.to_basic())
                .field("ServerTime", now.to_iso8601()),
            SigError::HostNotSigned => forbidden(
                "AccessDenied",
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
            ),
            SigError::UnsignedHeaders(names) => forbidden(
                "AccessDenied",
                "There were headers present in the request which were not signed",
            )
            .field("HeadersNotSigned", names.join(", ")),
            SigError::MissingContentHash => bad(
                "InvalidRequest",
                "Missing required header for this request: x-amz-content-sha256".to_owned(),
            ),
            SigError::InvalidContentHash(value) => bad(
                "InvalidArgument",
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
                 STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid \
                 sha256 value."
                    .to_owned(),
            )
            .field("ArgumentName", "x-amz-content-sha256")
            .field("ArgumentValue", value),
            SigError::NotText => bad("InvalidArgument", "A signed header is not text in UTF-8.".to_owned()),
            SigError::Mismatch { access_key_id, signature, string_to_sign, canonical_request } => {
                let error = forbidden(
                    "SignatureDoesNotMatch",
                    "The request signature we calculated does not match the signature you provided. Check your \
                     key and signing method.",
                )
                .field("AWSAccessKeyId", access_key_id)
                .field("StringToSign", string_to_sign)
                .field("SignatureProvided", signature);
                match canonical_request.is_empty() {
                    true => error,
                    false => error.field("CanonicalRequest", canonical_request),
                }
            }
            SigError::UnknownAccessKeyId(id) => forbidden(
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
            )
            .field("AWSAccessKeyId", id),
            SigError::InvalidToken => {
                bad("InvalidToken", "The provided token is malformed or otherwise invalid.".to_owned())
            }
            SigError::ExpiredToken => bad("ExpiredToken", "The provided token has expired.".to_owned()),
            SigError::Policy(reason) => {
                forbidden("AccessDenied", &format!("Invalid according to Policy: {reason}"))
            }
            SigError::PolicyTooSmall { size, min } => bad(
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size".to_owned(),
            )
            .field("ProposedSize", size.to_string())
            .field("MinSizeAllowed", min.to_string()),
            SigError::PolicyTooLarge { size, max } => {
                bad("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size".to_owned())
                    .field("ProposedSize", size.to_string())
                    .field("MaxSizeAllowed", max.to_string())
            }
        }
    }

    /// The query protocol leaves out `Exception`; the JSON protocols answer 400 where the others say 403.
    fn into_standard(self, service: &Service) -> WireError {
        let (code, query_code, message) = self.standard();
        let is_query = matches!(service.protocol, Protocol::Query | Protocol::RestXml);
        let status = match (service.protocol, code) {
            (Protocol::Json10 | Protocol::Json11, _) | (_, "IncompleteSignatureException") => {
                StatusCode::BAD_REQUEST
            }
            _ => StatusCode::FORBIDDEN,
        };
        WireError::new(if is_query { query_code } else { code }, status, message)
    }

    fn standard(self) -> (&'static str, &'static str, String) {
        let invalid = |message: String| ("InvalidSignatureException", "SignatureDoesNotMatch", message);
        let incomplete = |message: String| ("IncompleteSignatureException", "IncompleteSignature", message);
        match self {
            SigError::Missing => (
                "MissingAuthenticationTokenException",
                "MissingAuthenticationToken",
                "Missing Authentication Token".to_owned(),
            ),
            SigError::MalformedHeader(reason) => {
                incomplete(format!("The authorization header is malformed; {reason}"))
            }
            SigError::MalformedQuery(reason) => incomplete(reason),
            SigError::TwoMechanisms => incomplete("More than one signature is given.".to_owned()),
            SigError::UnsupportedMechanism => {
                incomplete("The authorization mechanism is not supported; use AWS4-HMAC-SHA256.".to_owned())
            }
            SigError::MissingDate => incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".to_owned(),
            ),
            SigError::InvalidDate(text) => {
                incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{text}'."))
            }
            SigError::ScopeDate { scope, request } => invalid(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{scope}' != '{}'.",
                request.to_basic().get(..8).unwrap_or_default()
            )),
            SigError::Skewed { request, now } if request < now => invalid(format!(
                "Signature expired: {} is now earlier than {} ({} - 15 min.)",
                request.to_basic(),
                now.minus(SKEW_MAX).to_basic(),
                now.to_basic()
            )),
            SigError::Skewed { request, now } => invalid(format!(
                "Signature not yet current: {} is still later than {} ({} + 15 min.)",
                request.to_basic(),
                (now + SKEW_MAX).to_basic(),
                now.to_basic()
            )),
            SigError::Expired { expired_at, now } => invalid(format!(
                "Signature expired: {} is earlier than {}",
                expired_at.to_basic(),
                now.to_basic()
            )),
            SigError::NotYetValid { valid_from, .. } => {
                invalid(format!("Signature not yet current: {}", valid_from.to_basic()))
            }
            SigError::HostNotSigned => invalid(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned(),
            ),
            SigError::UnsignedHeaders(names) => invalid(format!(
                "There were headers present in the request which were not signed: {}",
                names.join(", ")
            )),
            SigError::UnknownAccessKeyId(_) | SigError::InvalidToken => (
                "UnrecognizedClientException",
                "InvalidClientTokenId",
                "The security token included in the request is invalid.".to_owned(),
            ),
            SigError::ExpiredToken => (
                "ExpiredTokenException",
                "ExpiredToken",
                "The security token included in the request is expired".to_owned(),
            ),
            SigError::Mismatch { .. }
            | SigError::MissingContentHash
            | SigError::InvalidContentHash(_)
            | SigError::NotText
            | SigError::Policy(_)
            | SigError::PolicyTooSmall { .. }
            | SigError::PolicyTooLarge { .. } => invalid(
                "The request signature we calculated does not match the signature you provided. Check your AWS \
                 Secret Access Key and signing method. Consult the service documentation for details."
                    .to_owned(),
            ),
        }
    }
}
