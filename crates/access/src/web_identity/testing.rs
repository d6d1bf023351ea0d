//! An issuer for tests.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub(crate) struct Signer {
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

fn part(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

impl Signer {
    pub(crate) fn new() -> Signer {
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Signer { ec, ed: Ed25519KeyPair::generate().unwrap() }
    }

    /// With the ids `ec` and `ed`, and a key that is for something else.
    pub(crate) fn keys(&self) -> String {
        let point = self.ec.public_key().as_ref();
        let (x, y) = (part(&point[1..33]), part(&point[33..]));
        json!({"keys": [
            {"kty": "EC", "crv": "P-256", "kid": "ec", "alg": "ES256", "use": "sig", "x": x, "y": y},
            {"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": part(self.ed.public_key().as_ref())},
            {"kty": "EC", "crv": "P-256", "kid": "enc", "use": "enc", "x": x, "y": y},
            {"kty": "oct", "kid": "shared", "k": part("secret")},
        ]})
        .to_string()
    }

    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", part(header.to_string()), part(claims.to_string()));
        let signature = match header["alg"].as_str() {
            Some("EdDSA") => self.ed.sign(message.as_bytes()).as_ref().to_vec(),
            _ => self.ec.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec(),
        };
        format!("{message}.{}", part(signature))
    }

    pub(crate) fn es256(&self, claims: &Value) -> String {
        self.token(&json!({"alg": "ES256", "typ": "JWT", "kid": "ec"}), claims)
    }
}
