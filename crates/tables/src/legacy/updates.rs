//! `AttributeUpdates`: what UpdateItem does to top-level attributes.

use super::conditions::refuse_twice;
use super::{invalid, top_level, unknown};
use crate::Refusal;
use crate::expression::{Argument, SetTo, Update};
use crate::value::{Kind, OwnedValue, Reader, decode_value};

/// Reads `{"name": {"Action": "PUT" | "ADD" | "DELETE", "Value": …}, …}`.
///
/// # Errors
/// Validation and serialization.
pub fn attribute_updates(json: &str) -> Result<Update, Refusal> {
    let mut reader = Reader::new(json);
    let mut update = Update::default();
    let mut names: Vec<String> = Vec::new();
    reader.begin_object()?;
    while let Some(name) = reader.key(names.is_empty())? {
        let (action, value) = action(&mut reader, &name)?;
        let path = top_level(&name);
        match (action, value) {
            (Action::Delete, None) => update.remove.push(path),
            (_, None) => {
                return Err(invalid("Only DELETE action is allowed when no attribute value is specified"));
            }
            (Action::Put, Some(value)) => update.set.push((path, SetTo::Value(Argument::Value(value)))),
            (Action::Add, Some(value)) => {
                let kind = value.view().kind();
                if kind != Kind::N && !kind.is_set() {
                    let kind = kind.wire_name();
                    return Err(invalid(format!("ADD action is not supported for the type {kind}")));
                }
                update.add.push((path, value));
            }
            (Action::Delete, Some(value)) => {
                let kind = value.view().kind();
                if !kind.is_set() {
                    let kind = kind.wire_name();
                    return Err(invalid(format!(
                        "DELETE action with value is not supported for the type {kind}"
                    )));
                }
                update.delete.push((path, value));
            }
        }
        names.push(name.into_owned());
    }
    reader.finish()?;
    refuse_twice(names.iter().map(String::as_str))?;
    // <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.AttributeUpdates.html>:
    // DELETE "causes nothing to happen" where there is no item.
    update.only_if_there = !names.is_empty() && update.set.is_empty() && update.add.is_empty();
    Ok(update)
}

enum Action {
    Put,
    Add,
    Delete,
}

fn action(reader: &mut Reader<'_>, name: &str) -> Result<(Action, Option<OwnedValue>), Refusal> {
    let (mut action, mut value, mut first) = (Action::Put, None, true);
    reader.begin_object()?;
    while let Some(key) = reader.key(first)? {
        first = false;
        if reader.null()? {
            continue;
        }
        match &*key {
            "Action" => {
                let text = reader.string()?;
                action = match &*text {
                    "PUT" => Action::Put,
                    "ADD" => Action::Add,
                    "DELETE" => Action::Delete,
                    _ => {
                        return Err(Refusal::validation(format!(
                            "1 validation error detected: Value '{text}' at 'attributeUpdates.{name}.member.action' \
                             failed to satisfy constraint: Member must satisfy enum value set: [ADD, DELETE, PUT]"
                        )));
                    }
                };
            }
            "Value" => value = Some(decode_value(reader.skip()?)?),
            other => return Err(unknown(other)),
        }
    }
    Ok((action, value))
}
