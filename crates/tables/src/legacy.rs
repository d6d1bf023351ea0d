//! The parameters that expressions replaced, translated into the same programs.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html>

mod conditions;
mod expected;
mod updates;

#[cfg(test)]
mod tests;

pub use conditions::{ConditionalOperator, filter, key_conditions};
pub use expected::expected;
pub use updates::attribute_updates;

use crate::Refusal;
use crate::value::{Path, Projection, Reader};

fn invalid(what: impl std::fmt::Display) -> Refusal {
    Refusal::validation(format!("One or more parameter values were invalid: {what}"))
}

/// A member that an old parameter does not have is refused by its name.
fn unknown(member: &str) -> Refusal {
    Refusal::validation(format!("Unsupported parameter: {member}"))
}

fn top_level(attribute: &str) -> Path {
    Path::new(attribute, Vec::new())
}

/// Old and new parameters do not go together in one request; both lists name what was given.
///
/// # Errors
/// Validation, if neither list is empty.
pub fn refuse_mixture(old: &[&str], new: &[&str]) -> Result<(), Refusal> {
    if old.is_empty() || new.is_empty() {
        return Ok(());
    }
    let (old, new) = (old.join(", "), new.join(", "));
    Err(Refusal::validation(format!(
        "Can not specify both expression and non-expression parameters in the same request: \
         Non-expression parameters: {{{old}}} Expression parameters: {{{new}}}"
    )))
}

/// Reads `AttributesToGet`: a list of top-level attributes.
///
/// # Errors
/// Validation for an empty list and for a name that is there twice.
pub fn attributes_to_get(json: &str) -> Result<Projection, Refusal> {
    let mut reader = Reader::new(json);
    let mut names: Vec<String> = Vec::new();
    reader.begin_list()?;
    while reader.another(names.is_empty())? {
        names.push(reader.string()?.into_owned());
    }
    reader.finish()?;
    if names.is_empty() {
        return Err(invalid("AttributesToGet must have at least one element"));
    }
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort_unstable();
    if let Some((twice, _)) = sorted.iter().zip(sorted.iter().skip(1)).find(|(one, two)| one == two) {
        return Err(invalid(format!("Duplicate value in attribute name: {twice}")));
    }
    let paths: Vec<Path> = names.iter().map(|name| top_level(name)).collect();
    Ok(Projection::of(&paths))
}
