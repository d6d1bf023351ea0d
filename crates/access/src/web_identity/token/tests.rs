use super::*;
use crate::web_identity::key::read_set;
use crate::web_identity::testing::Signer;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_000;

fn claims() -> Value {
    json!({"iss": "https://ci.example", "sub": "me", "aud": "sts", "iat": NOW - 5, "exp": NOW + 60})
}

fn with(key: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[key] = value;
    claims
}

fn verify(signer: &Signer, token: &str) -> Result<Claims, TokenFault> {
    let keys = read_set(&signer.keys()).unwrap();
    read(token)?.verify(&keys, Timestamp::from_seconds(NOW))
}

fn fault(signer: &Signer, token: &str) -> TokenFault {
    verify(signer, token).map(|claims| claims.subject).unwrap_err()
}

#[test]
fn a_token_of_the_issuer_says_what_it_says() {
    let signer = Signer::new();
    for header in [
        json!({"alg": "ES256", "kid": "ec"}),
        json!({"alg": "ES256"}),
        json!({"alg": "EdDSA", "kid": "ed", "typ": "JWT"}),
    ] {
        let claims = verify(&signer, &signer.token(&header, &with("aud", json!(["a", "b"])))).unwrap();
        assert_eq!((claims.subject.as_str(), claims.audience.as_slice().len()), ("me", 2), "{header}");
    }
}

#[test]
fn what_nobody_signed_says_nothing() {
    let (signer, other) = (Signer::new(), Signer::new());
    let good = signer.es256(&claims());
    assert_eq!(fault(&signer, &other.es256(&claims())), TokenFault::Signature);
    for (header, expected) in [
        (json!({"alg": "none"}), TokenFault::Malformed),
        (json!({"alg": "HS256", "kid": "shared"}), TokenFault::Malformed),
        (json!({"alg": "ES256", "crit": ["exp"], "kid": "ec"}), TokenFault::Malformed),
        (json!({"kid": "ec"}), TokenFault::Malformed),
        // The key decides which algorithm it is for, and what it is for.
        (json!({"alg": "RS256", "kid": "ec"}), TokenFault::NoKey),
        (json!({"alg": "ES384", "kid": "ec"}), TokenFault::NoKey),
        (json!({"alg": "ES256", "kid": "ed"}), TokenFault::NoKey),
        (json!({"alg": "ES256", "kid": "enc"}), TokenFault::NoKey),
        (json!({"alg": "ES256", "kid": "unknown"}), TokenFault::NoKey),
    ] {
        assert_eq!(fault(&signer, &signer.token(&header, &claims())), expected, "{header}");
    }
    let parts: Vec<&str> = good.split('.').collect();
    let spoiled = URL_SAFE_NO_PAD.encode(with("sub", json!("root")).to_string());
    assert_eq!(fault(&signer, &format!("{}.{spoiled}.{}", parts[0], parts[2])), TokenFault::Signature);
    for token in [
        String::new(),
        "..".to_owned(),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{good}.x"),
        format!("{good}="),
        "a".repeat(TOKEN_CHARS_MAX + 1),
    ] {
        assert!(verify(&signer, &token).is_err(), "{token}");
    }
}

#[test]
fn a_token_holds_for_its_time() {
    let signer = Signer::new();
    let check = |key: &str, value: Value| verify(&signer, &signer.es256(&with(key, value))).map(|_| ());
    assert_eq!(check("exp", json!(NOW + 1)), Ok(()));
    assert_eq!(check("exp", json!(NOW)), Err(TokenFault::Expired(Timestamp::from_seconds(NOW))));
    assert_eq!(check("exp", json!(NOW as f64 + 0.5 + 1.0)), Ok(()));
    for bad in [json!(-1), json!(1e300), json!("soon"), Value::Null] {
        assert_eq!(check("exp", bad), Err(TokenFault::Malformed));
    }
    for key in ["iat", "nbf"] {
        assert_eq!(check(key, json!(NOW + 299)), Ok(()), "{key}");
        assert_eq!(check(key, json!(NOW + 301)), Err(TokenFault::Early), "{key}");
    }
}

#[test]
fn a_claim_that_is_needed_or_there_twice_is_missed() {
    let signer = Signer::new();
    for key in ["iss", "sub", "aud", "iat", "exp"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(key);
        assert_eq!(fault(&signer, &signer.es256(&claims)), TokenFault::Malformed, "{key}");
    }
    let twice = claims().to_string().replacen('{', r#"{"sub":"root","#, 1);
    let (good, twice) = (signer.es256(&claims()), URL_SAFE_NO_PAD.encode(twice));
    let parts: Vec<&str> = good.split('.').collect();
    assert_eq!(fault(&signer, &format!("{}.{twice}.{}", parts[0], parts[2])), TokenFault::Malformed);
}

#[test]
fn keys_that_are_not_what_they_say_are_refused() {
    for (keys, why) in [
        ("{}", "keys"),
        ("[]", "JSON Web Key Set"),
        (r#"{"keys":[]}"#, "no key"),
        (r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#, "no key"),
        (r#"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#, "32 bytes"),
        (r#"{"keys":[{"kty":"EC","crv":"P-256","x":"AA=="}]}"#, "base64url"),
        (r#"{"keys":[{"kty":"OKP","crv":"Ed25519"}]}"#, "x is missing"),
        (r#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#, "2048"),
    ] {
        let refused = read_set(keys).map(|keys| keys.len()).unwrap_err();
        assert!(refused.contains(why), "{keys}: {refused}");
    }
}

proptest! {
    #[test]
    fn nothing_that_comes_makes_the_reader_fail(token in "[A-Za-z0-9_.=-]{0,200}", header in any::<String>(), claims in any::<String>()) {
        let signer = Signer::new();
        prop_assert!(verify(&signer, &token).is_err());
        let (header, claims) = (URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let token = format!("{header}.{claims}.AAAA");
        prop_assert!(verify(&signer, &token).is_err());
    }

    #[test]
    fn a_token_that_was_changed_anywhere_is_none(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
        let signer = Signer::new();
        let good = signer.es256(&claims());
        let at = at.index(good.len());
        prop_assume!(good.as_bytes()[at] != b'.' && good[at..=at] != to);
        let mut changed = good.clone();
        changed.replace_range(at..=at, &to);
        prop_assert!(verify(&signer, &good).is_ok());
        prop_assert!(verify(&signer, &changed).is_err(), "{changed}");
    }
}
