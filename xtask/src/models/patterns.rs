//! The published patterns use look-around in a few places; our engine (linear time) has none. Each such
//! pattern is translated by hand into one that the whole value must match and one that it must not.

use regex::Regex;

use super::Result;

/// Source, what must match, what must not.
const TRANSLATED: &[(&str, &str, &str)] = &[
    (r"((?!^\d+$)^[0-9a-zA-Z-_]+$)", r"[0-9a-zA-Z-_]+", r"\d+"),
    (r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)", r"[a-zA-Z0-9-_]+", r"[0-9]+"),
    // A function and an alias, which is not all digits.
    (
        r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]{1,64})(:((?!\d+$)[0-9a-zA-Z-_]+))?",
        r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]{1,64})(:[0-9a-zA-Z-_]+)?",
        r"(.*:function:|function:)?[a-zA-Z0-9-_]{1,64}:\d+",
    ),
    // An account alias, which has no two hyphens in a row.
    (r"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$", r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", r".*--.*"),
    // A collection's name.
    (r"(^(?!(system\x2e)))(^[_a-zA-Z0-9])([^$]*)", r"[_a-zA-Z0-9][^$]*", r"system\x2e.*"),
    (r"[0-9A-Za-z\.\-_]*(?<!\.)", r"[0-9A-Za-z\.\-_]*", r".*\."),
];

/// The builder call that states the pattern.
///
/// # Errors
/// A pattern that our engine cannot read and nobody has translated.
pub fn call(source: &str) -> Result<String> {
    if let Some((source, accept, reject)) = TRANSLATED.iter().find(|(known, _, _)| *known == source) {
        compile(accept)?;
        compile(reject)?;
        return Ok(format!(".translated_pattern({source:?}, {accept:?}, Some({reject:?}))"));
    }
    compile(source)?;
    Ok(format!(".pattern({source:?})"))
}

fn compile(pattern: &str) -> Result<()> {
    // As `protocol::constraint` reads them.
    let ascii = pattern.replace(r"\d", "[0-9]").replace(r"\w", "[0-9A-Za-z_]");
    match Regex::new(&format!("^(?:{ascii})$")) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("translate this pattern in patterns.rs: {pattern:?}: {error}").into()),
    }
}
