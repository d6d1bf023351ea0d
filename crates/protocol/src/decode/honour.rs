use serde_json::Value;

use super::DecodeError;

/// Refuses the first member of the input that the handler does not honour: what it silently ignored
/// would be a promise broken.
///
/// `honoured` names top-level members; a dot reaches into a structure (`Code.ZipFile` honours that
/// member of `Code` and no other, unless `Code` is named whole).
///
/// # Errors
/// [`DecodeError::Unsupported`] names the member.
pub fn honour(tree: &Value, honoured: &[&str]) -> Result<(), DecodeError> {
    let Value::Object(fields) = tree else { return Ok(()) };
    for (name, value) in fields {
        if honoured.contains(&name.as_str()) {
            continue;
        }
        let within: Vec<&str> =
            honoured.iter().filter_map(|path| path.strip_prefix(name.as_str())?.strip_prefix('.')).collect();
        if within.is_empty() || !value.is_object() {
            return Err(DecodeError::Unsupported(name.clone()));
        }
        // As deep as the longest path named, no deeper.
        honour(value, &within).map_err(|error| match error {
            DecodeError::Unsupported(inner) => DecodeError::Unsupported(format!("{name}.{inner}")),
            other => other,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(tree: &Value, expected: Option<&str>) {
        let refused = honour(tree, &["Name", "Code.ZipFile", "Code.S3Key"]).err();
        assert_eq!(refused, expected.map(|name| DecodeError::Unsupported(name.to_owned())), "{tree}");
    }

    #[test]
    fn what_is_not_honoured_is_named() {
        check(&json!({"Name": 1, "Code": {"ZipFile": "", "S3Key": ""}}), None);
        check(&json!({"Name": 1, "Code": {"ImageUri": ""}}), Some("Code.ImageUri"));
        check(&json!({"Role": 1}), Some("Role"));
        check(&json!({"Code": "text"}), Some("Code"));
    }
}
