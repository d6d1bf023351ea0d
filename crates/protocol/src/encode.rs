//! From the operation's output to the response.

mod body_json;
mod body_xml;
mod headers;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    RequestId,
    model::{Dialect, Kind, Operation, Protocol, Shape, Typed},
    xml::Writer,
};

/// An output that its own model cannot carry: a bug of ours, to be answered with a 500.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {path}: {reason}")]
pub struct EncodeError {
    pub operation: &'static str,
    pub path: String,
    pub reason: &'static str,
}

/// The response to a success. Where the operation gives bytes ([`Operation::gives_bytes`]) the body is
/// empty and the caller puts the bytes in its place (`response.map(|_| body)`), with their length.
///
/// Members of the tree that are null or absent are left out.
///
/// # Errors
/// A value that is not of its member's type, an unknown member, or text that a header cannot carry.
pub fn encode(
    operation: &'static Operation,
    output: &Value,
    request_id: &RequestId,
) -> Result<Response<Bytes>, EncodeError> {
    let service = operation.service;
    let encoder = Encoder { operation };
    let empty = Map::new();
    let fields = output.as_object().unwrap_or(&empty);
    let mut head = HeaderMap::new();
    let mut status = StatusCode::from_u16(operation.status).unwrap_or(StatusCode::OK);
    let is_rest = matches!(service.protocol, Protocol::RestXml | Protocol::RestJson);
    if let Some(shape) = operation.output {
        encoder.refuse_unknown(shape, fields)?;
        if is_rest {
            status = encoder.write_head(shape, fields, &mut head)?.unwrap_or(status);
        }
    }
    let (content_type, body) = match service.protocol {
        Protocol::Json10 => {
            (Some("application/x-amz-json-1.0"), encoder.json_object(operation.output, fields)?)
        }
        Protocol::Json11 => {
            (Some("application/x-amz-json-1.1"), encoder.json_object(operation.output, fields)?)
        }
        Protocol::Query => (Some("text/xml"), encoder.query_document(fields, request_id)?),
        Protocol::RestXml => encoder.rest_body(fields, true)?,
        Protocol::RestJson => encoder.rest_body(fields, false)?,
    };
    let bodiless = status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    if let Some(content_type) = content_type.filter(|_| !bodiless && !head.contains_key(CONTENT_TYPE)) {
        head.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    request_id.write(service, &mut head);
    let mut response = Response::new(if bodiless { Bytes::new() } else { body.into() });
    *response.status_mut() = status;
    *response.headers_mut() = head;
    Ok(response)
}

/// [`encode`] of the operation's output struct.
///
/// # Errors
/// As [`encode`].
pub fn typed<O: Typed>(output: &O::Output, request_id: &RequestId) -> Result<Response<Bytes>, EncodeError> {
    encode(O::OPERATION, &to_tree(O::OPERATION, output)?, request_id)
}

/// The output struct as a tree.
///
/// # Errors
/// A number that JSON cannot carry.
pub fn to_tree<T: Serialize>(operation: &'static Operation, output: &T) -> Result<Value, EncodeError> {
    serde_json::to_value(output).map_err(|_| EncodeError {
        operation: operation.name,
        path: String::new(),
        reason: "the struct does not become a tree",
    })
}

struct Encoder {
    operation: &'static Operation,
}

impl Encoder {
    fn error(&self, path: &str, reason: &'static str) -> EncodeError {
        EncodeError { operation: self.operation.name, path: path.to_owned(), reason }
    }

    fn refuse_unknown(&self, shape: &Shape, fields: &Map<String, Value>) -> Result<(), EncodeError> {
        match fields.keys().find(|name| shape.member(name).is_none()) {
            Some(name) => Err(self.error(name, "no such member")),
            None => Ok(()),
        }
    }

    /// The document, if the operation answers with one.
    fn rest_body(
        &self,
        fields: &Map<String, Value>,
        is_xml: bool,
    ) -> Result<(Option<&'static str>, Vec<u8>), EncodeError> {
        let Some(shape) = self.operation.output else { return Ok((None, Vec::new())) };
        if shape.has_blob_payload() {
            return Ok((Some("application/octet-stream"), Vec::new()));
        }
        let document = Some(if is_xml { "application/xml" } else { "application/json" });
        if let Some(member) = shape.payload_member() {
            let value = fields.get(member.name).filter(|value| !value.is_null());
            return match (member.shape.kind, value) {
                (Kind::String, value) => {
                    let text = value.and_then(Value::as_str).unwrap_or_default();
                    Ok((Some("text/plain"), text.as_bytes().to_vec()))
                }
                // An absent structure is an empty one in JSON, and nothing in XML.
                (_, None) if is_xml => Ok((None, Vec::new())),
                (_, None) => Ok((document, b"{}".to_vec())),
                (_, Some(value)) if is_xml => {
                    let mut writer = Writer::document();
                    self.xml_payload(&mut writer, member, value)?;
                    Ok((document, writer.finish()))
                }
                (_, Some(value)) => Ok((document, self.json_value(member, value)?)),
            };
        }
        let in_body = shape.members().iter().any(|member| member.location == crate::model::Location::Body);
        match (in_body, is_xml) {
            (false, true) => Ok((None, Vec::new())),
            (true, true) => {
                let mut writer = Writer::document();
                self.xml_output(&mut writer, shape, fields)?;
                Ok((document, writer.finish()))
            }
            (_, false) => Ok((document, self.json_object(Some(shape), fields)?)),
        }
    }

    /// `<OpResponse><OpResult>…</OpResult><ResponseMetadata><RequestId>…`
    fn query_document(
        &self,
        fields: &Map<String, Value>,
        request_id: &RequestId,
    ) -> Result<Vec<u8>, EncodeError> {
        let operation = self.operation;
        let mut writer = Writer::document();
        let root = format!("{}Response", operation.name);
        writer.open_with(&root, operation.service.xml_namespace.map(|uri| ("xmlns", uri)));
        if let Some(shape) = operation.output {
            match operation.result_wrapper {
                Some(wrapper) => {
                    writer.open(wrapper);
                    self.xml_members(&mut writer, shape, fields, operation.name)?;
                    writer.close(wrapper);
                }
                None => self.xml_members(&mut writer, shape, fields, operation.name)?,
            }
        }
        writer.open("ResponseMetadata");
        writer.leaf("RequestId", &request_id.text(operation.service));
        writer.close("ResponseMetadata");
        writer.close(&root);
        Ok(writer.finish())
    }

    fn is_s3(&self) -> bool {
        self.operation.service.dialect == Dialect::S3
    }
}
