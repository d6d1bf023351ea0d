//! Who asks: the claim is read, its secret found, the signature verified.

use super::Front;
use super::host::Addressed;
use crate::ApiError;
use crate::s3::Signature;
use access::{Credential, CredentialError, Principal};
use aws_lc_rs::digest;
use clock::Timestamp;
use http::request::Parts;
use names::{AccountId, Region};
use protocol::model::Service;
use protocol::sigv4::{self, PayloadKind, Presented, SigError};

/// Somebody whose signature holds, or nobody.
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    /// The principal's; the root account stands in for the anonymous, whom `access` denies.
    pub(crate) account: AccountId,
    /// The one that the request was signed for, or the server's own.
    pub(crate) region: Region,
    /// Of S3's requests, where there is one.
    pub(crate) signature: Option<Signature>,
}

/// `None` when the request carries no signature.
///
/// # Errors
/// The signature's form is wrong.
pub(crate) fn present(parts: &Parts) -> Result<Option<Presented>, SigError> {
    match sigv4::parse(parts) {
        Ok(presented) => Ok(Some(presented)),
        Err(SigError::Missing) => Ok(None),
        Err(refused) => Err(refused),
    }
}

/// The service that the signature is good for. Version 2 signatures name none: only S3 has them.
pub(crate) fn scope_service(presented: &Presented) -> &str {
    if presented.scope.service.is_empty() { "s3" } else { &presented.scope.service }
}

pub(crate) fn refusal(service: &Service, refused: SigError) -> ApiError {
    ApiError::from(refused.into_wire(service))
}

/// Verifies an S3 request by its head alone, and tells how its body must look.
///
/// # Errors
/// The key is unknown, or the signature does not hold.
pub(crate) fn s3(
    front: &Front,
    parts: &Parts,
    presented: Option<&Presented>,
    addressed: &Addressed,
    now: Timestamp,
) -> Result<(Caller, PayloadKind), ApiError> {
    let service = &crate::s3::model::SERVICE;
    let Some(presented) = presented else {
        return Ok((anonymous(front), PayloadKind::Unsigned));
    };
    let credential = credential(front, presented, now).map_err(|refused| refusal(service, refused))?;
    let bucket_in_host = match addressed {
        Addressed::Bucket(bucket) => Some(bucket.as_str()),
        _ => None,
    };
    let request = sigv4::Request { parts, body_hash: None, bucket_in_host, now };
    let verified = presented.verify(credential.secret.expose(), &request);
    let verified = verified.map_err(|refused| refusal(service, refused))?;
    let caller = caller(front, presented, credential.principal)?;
    let caller = Caller { signature: Some(Signature::of(presented)), ..caller };
    used(front, presented, &caller);
    Ok((caller, verified.payload))
}

/// A claim whose key is known, before its signature is verified: proves nothing yet.
pub(crate) struct Claim<'a> {
    front: &'a Front,
    presented: &'a Presented,
    credential: Credential,
    region: Region,
}

/// Looks the claim's key up, so that bodies are read only for those who might be somebody.
///
/// # Errors
/// There is no claim, or its key is unknown.
pub(crate) fn claim<'a>(
    front: &'a Front,
    service: &Service,
    presented: Option<&'a Presented>,
    now: Timestamp,
) -> Result<Claim<'a>, ApiError> {
    let presented = presented.ok_or_else(|| refusal(service, SigError::Missing))?;
    let credential = credential(front, presented, now).map_err(|refused| refusal(service, refused))?;
    Ok(Claim { front, presented, credential, region: region(front, presented)? })
}

/// Verifies a claim over the whole body.
///
/// # Errors
/// The signature does not hold.
pub(crate) fn standard(
    service: &Service,
    claim: Claim<'_>,
    parts: &Parts,
    body: &[u8],
    now: Timestamp,
) -> Result<Caller, ApiError> {
    let Claim { front, presented, credential, region } = claim;
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, body).as_ref());
    let request = sigv4::Request { parts, body_hash: Some(hash), bucket_in_host: None, now };
    let verified = presented.verify(credential.secret.expose(), &request);
    let verified = verified.map_err(|refused| refusal(service, refused))?;
    if let PayloadKind::Chunks { .. } = verified.payload {
        // Only S3 takes bodies in signed chunks.
        let unreadable = SigError::InvalidContentHash("STREAMING-".to_owned());
        return Err(refusal(service, unreadable));
    }
    let account = credential.principal.account().cloned().unwrap_or_else(AccountId::root);
    let caller = Caller { principal: credential.principal, account, region, signature: None };
    used(front, presented, &caller);
    Ok(caller)
}

/// To be called once the signature was found to hold.
fn used(front: &Front, presented: &Presented, caller: &Caller) {
    let (key, service) = (&presented.access_key_id, scope_service(presented));
    front.services().access.used(&caller.principal, key, service, caller.region.as_str());
}

fn credential(front: &Front, presented: &Presented, now: Timestamp) -> Result<Credential, SigError> {
    let token = presented.session_token.as_deref();
    let found = front.services().access.credential(&presented.access_key_id, token, now);
    found.map_err(|error| match error {
        CredentialError::UnknownKey => SigError::UnknownAccessKeyId(presented.access_key_id.clone()),
        CredentialError::InvalidToken => SigError::InvalidToken,
        CredentialError::ExpiredToken => SigError::ExpiredToken,
    })
}

fn caller(front: &Front, presented: &Presented, principal: Principal) -> Result<Caller, ApiError> {
    let account = principal.account().cloned().unwrap_or_else(AccountId::root);
    Ok(Caller { principal, account, region: region(front, presented)?, signature: None })
}

/// Whoever shows no credentials.
pub(crate) fn anonymous(front: &Front) -> Caller {
    let region = front.config().region.clone();
    Caller { principal: Principal::Anonymous, account: AccountId::root(), region, signature: None }
}

/// Any region is served; it must only be one that ARNs can carry.
fn region(front: &Front, presented: &Presented) -> Result<Region, ApiError> {
    if presented.scope.region.is_empty() {
        return Ok(front.config().region.clone());
    }
    Region::parse(&presented.scope.region)
        .map_err(|error| ApiError::invalid("AuthorizationHeaderMalformed", error.to_string()))
}
