use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// An issuer's public key.
#[derive(Debug, Clone)]
pub(crate) struct VerifyingKey {
    pub id: Option<String>,
    /// The only algorithm that it is for, where the issuer says.
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(Debug, Clone)]
enum Material {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    /// Uncompressed points.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// What tokens may be signed with (<https://www.rfc-editor.org/rfc/rfc7518#section-3.1>). Neither `none` nor a
/// shared secret is an algorithm here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    #[serde(alias = "Ed25519")]
    EdDSA,
}

/// A key as a JSON Web Key Set has it (<https://www.rfc-editor.org/rfc/rfc7517>); members that are not here say
/// nothing about verifying.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<serde_json::Value>,
}

/// Keys of one issuer.
const KEYS_MAX: usize = 100;
/// Smaller moduli can be factored.
const RSA_MODULUS_BYTES_MIN: usize = 256;

/// The keys of a set that tokens can be verified with; those of kinds and for uses that are not known are left out,
/// as RFC 7517 wants it.
///
/// # Errors
/// What is no set of keys, or has a key that is not what it says it is, or more than 100, or none that serves.
pub(crate) fn read_set(text: &str) -> Result<Vec<VerifyingKey>, String> {
    let set: JwkSet = serde_json::from_str(text).map_err(|error| format!("no JSON Web Key Set: {error}"))?;
    if set.keys.len() > KEYS_MAX {
        return Err(format!("more than {KEYS_MAX} keys"));
    }
    let mut keys = Vec::new();
    for (place, key) in set.keys.into_iter().enumerate() {
        let jwk: Jwk = serde_json::from_value(key).map_err(|error| format!("key {place}: {error}"))?;
        keys.extend(read(jwk).map_err(|why| format!("key {place}: {why}"))?);
    }
    if keys.is_empty() { Err("no key that tokens can be verified with".to_owned()) } else { Ok(keys) }
}

fn read(jwk: Jwk) -> Result<Option<VerifyingKey>, String> {
    let Jwk { kty, kid, alg, usage, crv, n, e, x, y } = jwk;
    if usage.is_some_and(|usage| usage != "sig") {
        return Ok(None);
    }
    let algorithm = match alg.map(|alg| serde_json::from_value(serde_json::Value::String(alg))) {
        None => None,
        Some(Ok(algorithm)) => Some(algorithm),
        // Made for something else.
        Some(Err(_)) => return Ok(None),
    };
    let material = match (kty.as_str(), crv.as_deref()) {
        ("RSA", _) => {
            let n = without_zeros(bytes("n", n)?);
            if n.len() < RSA_MODULUS_BYTES_MIN {
                return Err("an RSA key of less than 2048 bits".to_owned());
            }
            Material::Rsa(RsaPublicKeyComponents { n, e: without_zeros(bytes("e", e)?) })
        }
        ("EC", Some("P-256")) => Material::P256(point(&bytes("x", x)?, &bytes("y", y)?, 32)?),
        ("EC", Some("P-384")) => Material::P384(point(&bytes("x", x)?, &bytes("y", y)?, 48)?),
        ("OKP", Some("Ed25519")) => {
            let x = bytes("x", x)?;
            if x.len() != 32 {
                return Err("x is not 32 bytes".to_owned());
            }
            Material::Ed25519(x)
        }
        _ => return Ok(None),
    };
    Ok(Some(VerifyingKey { id: kid, algorithm, material }))
}

fn bytes(name: &str, text: Option<String>) -> Result<Vec<u8>, String> {
    let text = text.ok_or_else(|| format!("{name} is missing"))?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| format!("{name} is not base64url without padding"))
}

fn without_zeros(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
}

fn point(x: &[u8], y: &[u8], length: usize) -> Result<Vec<u8>, String> {
    if x.len() != length || y.len() != length {
        return Err(format!("x and y are not {length} bytes"));
    }
    Ok([&[4], x, y].concat())
}

impl VerifyingKey {
    /// Whether a token may be signed with this key by that algorithm: the key decides, never the token alone.
    pub(crate) fn is_for(&self, algorithm: Algorithm) -> bool {
        use Algorithm as A;
        let fits = match self.material {
            Material::Rsa(_) => {
                matches!(algorithm, A::RS256 | A::RS384 | A::RS512 | A::PS256 | A::PS384 | A::PS512)
            }
            Material::P256(_) => algorithm == A::ES256,
            Material::P384(_) => algorithm == A::ES384,
            Material::Ed25519(_) => algorithm == A::EdDSA,
        };
        fits && self.algorithm.is_none_or(|only| only == algorithm)
    }

    /// Whether `signature` over `message` is this key's, by an algorithm that it is for.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.is_for(algorithm) {
            return false;
        }
        match &self.material {
            Material::Rsa(key) => {
                rsa(algorithm).is_some_and(|how| key.verify(how, message, signature).is_ok())
            }
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            Material::P384(point) => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).verify(message, signature).is_ok()
            }
            Material::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
            }
        }
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::ES256 | Algorithm::ES384 | Algorithm::EdDSA => return None,
    })
}
