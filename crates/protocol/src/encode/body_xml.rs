use serde_json::{Map, Value};

use super::{EncodeError, Encoder};
use crate::{
    TimestampFormat,
    model::{Kind, Location, Member, Shape},
    xml::Writer,
};

impl Encoder {
    /// A document whose root is the payload member.
    pub(super) fn xml_payload(
        &self,
        writer: &mut Writer,
        member: &Member,
        value: &Value,
    ) -> Result<(), EncodeError> {
        let own = member.shape.location_name;
        let name = if member.renamed { member.wire_name } else { own.unwrap_or(member.wire_name) };
        self.xml_element(writer, name, member, member.shape, value, self.root_attributes())
    }

    /// A document of the members that belong in the body.
    pub(super) fn xml_output(
        &self,
        writer: &mut Writer,
        shape: &Shape,
        fields: &Map<String, Value>,
    ) -> Result<(), EncodeError> {
        if let Kind::Structure { unwrapped: true, members, .. } = shape.kind {
            for member in members.iter().filter(|member| member.location == Location::Body) {
                let absent = Value::from("");
                let value = fields.get(member.name).filter(|value| !value.is_null()).unwrap_or(&absent);
                let name = member.wire_name;
                self.xml_element(writer, name, member, member.shape, value, self.root_attributes())?;
            }
            return Ok(());
        }
        let name = shape.location_name.unwrap_or(shape.name);
        let own = shape.members().iter().filter(|member| member.xml_attribute);
        let own = own.filter_map(|member| Some((member.wire_name, fields.get(member.name)?.as_str()?)));
        let attributes: Vec<(&str, &str)> = self.root_attributes().into_iter().chain(own).collect();
        writer.open_with(name, attributes);
        self.xml_members(writer, shape, fields, name)?;
        writer.close(name);
        Ok(())
    }

    fn root_attributes(&self) -> Vec<(&'static str, &'static str)> {
        self.operation.service.xml_namespace.map(|uri| ("xmlns", uri)).into_iter().collect()
    }

    /// Goes no deeper than the value does, which a struct of ours gave.
    pub(super) fn xml_members(
        &self,
        writer: &mut Writer,
        shape: &Shape,
        fields: &Map<String, Value>,
        path: &str,
    ) -> Result<(), EncodeError> {
        self.refuse_unknown(shape, fields)?;
        for member in shape.members() {
            if member.location != Location::Body || member.xml_attribute {
                continue;
            }
            let Some(value) = fields.get(member.name).filter(|value| !value.is_null()) else { continue };
            match (member.shape.kind, value) {
                (Kind::List { member: entry, flattened, .. }, Value::Array(entries))
                    if flattened || member.flattened =>
                {
                    let name = member.query_name.unwrap_or(member.flattened_name());
                    for value in entries {
                        self.xml_element(writer, name, member, entry, value, Vec::new())?;
                    }
                }
                (Kind::Map { flattened, .. }, Value::Object(entries)) if flattened || member.flattened => {
                    for (key, value) in entries {
                        let name = member.query_name.unwrap_or(member.wire_name);
                        self.xml_entry(writer, name, member.shape, key, value)?;
                    }
                }
                _ => self
                    .xml_element(writer, member.wire_name, member, member.shape, value, Vec::new())
                    .map_err(|error| EncodeError { path: format!("{path}.{}", error.path), ..error })?,
            }
        }
        Ok(())
    }

    /// `member` is the structure's member that the value belongs to, however deep within its lists.
    fn xml_element(
        &self,
        writer: &mut Writer,
        name: &str,
        member: &Member,
        shape: &Shape,
        value: &Value,
        mut attributes: Vec<(&'static str, &'static str)>,
    ) -> Result<(), EncodeError> {
        for namespace in member.xml_namespace.iter().chain(&shape.xml_namespace) {
            // A prefix is declared where it is used; the only one in use is S3's.
            match namespace.prefix {
                Some("xsi") => attributes.push(("xmlns:xsi", namespace.uri)),
                _ if attributes.is_empty() => attributes.push(("xmlns", namespace.uri)),
                _ => {}
            }
        }
        match (shape.kind, value) {
            (Kind::Structure { members, .. }, Value::Object(fields)) => {
                let own = members.iter().filter(|member| member.xml_attribute);
                let own =
                    own.filter_map(|member| Some((member.wire_name, fields.get(member.name)?.as_str()?)));
                let attributes: Vec<(&str, &str)> = attributes.into_iter().chain(own).collect();
                writer.open_with(name, attributes);
                self.xml_members(writer, shape, fields, name)?;
            }
            (Kind::List { member: entry, member_name, .. }, Value::Array(entries)) => {
                writer.open_with(name, attributes);
                for value in entries {
                    let entry_name = member_name.unwrap_or("member");
                    self.xml_element(writer, entry_name, &Member::new("", entry), entry, value, Vec::new())?;
                }
            }
            (Kind::Map { .. }, Value::Object(entries)) => {
                writer.open_with(name, attributes);
                for (key, value) in entries {
                    self.xml_entry(writer, "entry", shape, key, value)?;
                }
            }
            _ => {
                let format = member.timestamp_format.unwrap_or(TimestampFormat::Iso8601);
                let text = self.scalar(shape, value, format);
                let text = text.ok_or_else(|| self.error(name, "not of its type"))?;
                writer.open_with(name, attributes);
                writer.text(&text);
            }
        }
        writer.close(name);
        Ok(())
    }

    fn xml_entry(
        &self,
        writer: &mut Writer,
        name: &str,
        map: &Shape,
        key: &str,
        value: &Value,
    ) -> Result<(), EncodeError> {
        let Kind::Map { value: shape, key_name, value_name, .. } = map.kind else {
            return Err(self.error(name, "not a map"));
        };
        writer.open(name);
        writer.leaf(key_name.unwrap_or("key"), key);
        let value_name = value_name.unwrap_or("value");
        self.xml_element(writer, value_name, &Member::new("", shape), shape, value, Vec::new())?;
        writer.close(name);
        Ok(())
    }
}
