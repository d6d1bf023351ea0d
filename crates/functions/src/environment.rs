use crate::FunctionsError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A function's own environment variables. Their values may be secrets, so `Debug` shows none.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Environment(BTreeMap<String, String>);

/// Of all names and values as JSON.
const BYTES_MAX: usize = 4096;

/// What the platform sets and a function may not
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>).
const RESERVED: [&str; 19] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
    "TZ",
];

impl Environment {
    /// # Errors
    /// `Invalid`: a name that cannot be, that the platform reserves, or more than 4 KiB in all.
    pub fn new(variables: BTreeMap<String, String>) -> Result<Self, FunctionsError> {
        let reserved: Vec<&str> =
            variables.keys().map(String::as_str).filter(|name| RESERVED.contains(name)).collect();
        if !reserved.is_empty() {
            return Err(FunctionsError::invalid(format!(
                "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: {}",
                reserved.join(", ")
            )));
        }
        for (name, value) in &variables {
            let mut chars = name.chars();
            let fits = chars.next().is_some_and(|first| first.is_ascii_alphabetic())
                && name.len() >= 2
                && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !fits {
                return Err(FunctionsError::invalid(format!(
                    "environment variable name {name:?} must be at least two letters, digits and underscores, the first a letter"
                )));
            }
            if value.contains('\0') {
                return Err(FunctionsError::invalid(format!(
                    "environment variable {name:?} has a zero character in its value"
                )));
            }
        }
        let bytes = serde_json::to_vec(&variables).map_or(usize::MAX, |json| json.len());
        if bytes > BYTES_MAX {
            return Err(FunctionsError::invalid(
                "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.",
            ));
        }
        Ok(Environment(variables))
    }

    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str, fits: bool) {
        let variables = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        assert_eq!(Environment::new(variables).is_ok(), fits, "{name}={value}");
    }

    #[test]
    fn names_and_sizes_are_checked() {
        check("TABLE", "photos", true);
        check("LANG", "C", true);
        check("AWS_REGION", "x", false);
        check("TZ", "Europe/Berlin", false);
        check("_X", "x", false);
        check("1A", "x", false);
        check("A", "x", false);
        check("A-B", "x", false);
        check("BIG", &"x".repeat(4096), false);
        check("BIG", &"x".repeat(4000), true);
    }

    #[test]
    fn values_never_reach_a_log() {
        let variables = BTreeMap::from([("PASSWORD".to_owned(), "hunter2".to_owned())]);
        let shown = format!("{:?}", Environment::new(variables).unwrap());
        assert!(shown.contains("PASSWORD") && !shown.contains("hunter2"), "{shown}");
    }
}
