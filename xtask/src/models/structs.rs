//! The typed side: a struct per structure, keyed by the members' names as the tree is.

use std::fmt::Write;

use super::{
    Result, names,
    reach::{self, Reach},
    source::{self, Model, Shape},
};

pub fn write(out: &mut String, model: &Model, reach: &Reach<'_>) -> Result<()> {
    for name in &reach.shapes {
        let shape = reach::shape(model, name)?;
        if shape.kind == "structure" && !shape.eventstream && !shape.document {
            write_struct(out, model, name, shape)?;
        }
    }
    Ok(())
}

fn write_struct(out: &mut String, model: &Model, name: &str, shape: &Shape) -> Result<()> {
    writeln!(out, "#[derive(Debug, Clone, Default, Serialize, Deserialize)]")?;
    writeln!(out, "#[serde(deny_unknown_fields)]\npub struct {name} {{")?;
    for (member_name, member) in &shape.members.0 {
        if shape.payload.as_ref() == Some(member_name) && is_bytes(reach::shape(model, &member.shape)?) {
            continue;
        }
        let field = names::field(member_name);
        let mut ty = type_of(model, &member.shape)?;
        if reach::is_recursive(model, &member.shape) {
            ty = format!("Box<{ty}>");
        }
        if shape.required.contains(member_name) {
            writeln!(out, "#[serde(rename = {member_name:?})]\npub {field}: {ty},")?;
        } else {
            writeln!(out, "#[serde(rename = {member_name:?}, skip_serializing_if = \"Option::is_none\")]")?;
            writeln!(out, "pub {field}: Option<{ty}>,")?;
        }
    }
    writeln!(out, "}}\n")?;
    Ok(())
}

/// A payload of this shape is bytes that never enter the tree.
fn is_bytes(shape: &Shape) -> bool {
    shape.kind == "blob" || shape.eventstream
}

fn type_of(model: &Model, name: &str) -> Result<String> {
    let shape = reach::shape(model, name)?;
    let entry = |member: &Option<super::source::Member>| {
        type_of(model, &member.as_ref().ok_or_else(|| format!("{name} lacks its entry"))?.shape)
    };
    Ok(match shape.kind.as_str() {
        "structure" if shape.document => "serde_json::Value".to_owned(),
        "structure" => name.to_owned(),
        "list" => format!("Vec<{}>", entry(&shape.member)?),
        // Keys are always text; enumerations too.
        "map" => format!("BTreeMap<String, {}>", entry(&shape.value)?),
        "string" | "character" if shape.sensitive => "Sensitive".to_owned(),
        "string" | "character" => "String".to_owned(),
        "boolean" => "bool".to_owned(),
        "integer" => "i32".to_owned(),
        "long" => "i64".to_owned(),
        "float" | "double" => "f64".to_owned(),
        "blob" => "Blob".to_owned(),
        "timestamp" => "Timestamp".to_owned(),
        source::RAW => "Box<RawValue>".to_owned(),
        other => return Err(format!("{name}: unknown type {other}").into()),
    })
}
