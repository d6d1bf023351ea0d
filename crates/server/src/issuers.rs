//! Issuers of identity tokens as the configuration names them, read at the start and again on SIGHUP.

use crate::config::Config;
use access::Issuers;

/// The longest file of keys, in bytes.
const KEYS_BYTES_MAX: u64 = 1024 * 1024;

/// # Errors
/// A URL that is none of an issuer, or a file that holds no keys, by its path.
pub fn load(config: &Config) -> Result<Issuers, String> {
    let mut issuers = Issuers::default();
    for issuer in &config.oidc_issuer {
        let path = config.directory.join(&issuer.jwks_file);
        let refused = |why: String| format!("oidc_issuer {}: {}: {why}", issuer.url, path.display());
        let length = std::fs::metadata(&path).map_err(|error| refused(error.to_string()))?.len();
        if length > KEYS_BYTES_MAX {
            return Err(refused(format!("longer than {KEYS_BYTES_MAX} bytes")));
        }
        let keys = std::fs::read_to_string(&path).map_err(|error| refused(error.to_string()))?;
        issuers.add(&issuer.url, &keys).map_err(refused)?;
    }
    Ok(issuers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::OidcIssuer;

    #[test]
    fn what_is_no_issuer_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let key = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        std::fs::write(folder.path().join("keys.json"), key).unwrap();
        std::fs::write(folder.path().join("none.json"), r#"{"keys":[]}"#).unwrap();
        let load = |all: &[(&str, &str)]| {
            let oidc_issuer =
                all.iter().map(|(url, file)| OidcIssuer { url: (*url).to_owned(), jwks_file: file.into() });
            let config = Config {
                oidc_issuer: oidc_issuer.collect(),
                directory: folder.path().to_owned(),
                ..Config::default()
            };
            super::load(&config).map(drop)
        };
        let good = ("https://ci.example", "keys.json");
        assert_eq!(load(&[good, ("https://ci.example/org", "keys.json")]), Ok(()));
        for (all, why) in [
            (vec![good, good], "twice"),
            (vec![("http://ci.example", "keys.json")], "https://"),
            (vec![("https://ci.example", "none.json")], "none.json"),
            (vec![("https://ci.example", "missing.json")], "missing.json"),
        ] {
            let refused = load(&all).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }
}
