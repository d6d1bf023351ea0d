use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::{Map, Value};

use super::WireError;
use crate::{
    RequestId,
    model::{Dialect, Protocol, Service},
    xml::Writer,
};

impl WireError {
    /// The response a client of the service reads this error from.
    pub fn render(&self, service: &Service, request_id: &RequestId) -> Response<Bytes> {
        let (content_type, body) = match service.protocol {
            Protocol::RestXml | Protocol::Query => ("application/xml", self.xml(service, request_id)),
            Protocol::RestJson => ("application/json", self.json(service, false)),
            Protocol::Json10 => ("application/x-amz-json-1.0", self.json(service, true)),
            Protocol::Json11 => ("application/x-amz-json-1.1", self.json(service, true)),
        };
        let bodiless = self.status == StatusCode::NOT_MODIFIED || self.status == StatusCode::NO_CONTENT;
        let mut response = Response::new(if bodiless { Bytes::new() } else { body.into() });
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if !bodiless {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if service.protocol == Protocol::RestJson
            && let Ok(code) = HeaderValue::from_str(&self.code)
        {
            headers.insert("x-amzn-errortype", code);
        }
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        request_id.write(service, headers);
        response
    }

    /// Lambda writes `Type` and `Message` or `message` as its model declares them for each error; the
    /// JSON protocols name the error in `__type`.
    fn json(&self, service: &Service, typed: bool) -> Vec<u8> {
        let declared = service.error(&self.code);
        let has =
            |name: &str| declared.is_some_and(|error| error.members.iter().any(|member| member.name == name));
        let mut body = Map::new();
        if typed {
            body.insert("__type".to_owned(), Value::from(self.code.as_ref()));
        }
        if has("Type") {
            body.insert("Type".to_owned(), Value::from(if self.is_sender() { "User" } else { "Service" }));
        }
        let message = if has("Message") { "Message" } else { "message" };
        body.insert(message.to_owned(), Value::from(self.message.as_str()));
        for (name, value) in &self.fields {
            body.insert(name.clone().into_owned(), Value::from(value.as_str()));
        }
        body.extend(self.json.iter().flat_map(|members| members.as_ref().clone()));
        Value::Object(body).to_string().into_bytes()
    }

    /// `Error` alone in S3, inside `ErrorResponse` elsewhere.
    fn xml(&self, service: &Service, request_id: &RequestId) -> Vec<u8> {
        let mut writer = Writer::document();
        if service.dialect == Dialect::S3 {
            writer.open("Error");
            self.elements(&mut writer);
            writer.leaf("RequestId", &request_id.text(service));
            writer.leaf("HostId", &request_id.host_id());
            writer.close("Error");
        } else {
            let namespace = service.xml_namespace.map(|uri| ("xmlns", uri));
            writer.open_with("ErrorResponse", namespace);
            writer.open("Error");
            writer.leaf("Type", if self.is_sender() { "Sender" } else { "Receiver" });
            self.elements(&mut writer);
            writer.close("Error");
            writer.leaf("RequestId", &request_id.text(service));
            writer.close("ErrorResponse");
        }
        writer.finish()
    }

    fn elements(&self, writer: &mut Writer) {
        writer.leaf("Code", &self.code);
        writer.leaf("Message", &self.message);
        for (name, value) in &self.fields {
            writer.leaf(name, value);
        }
    }

    fn is_sender(&self) -> bool {
        !self.status.is_server_error()
    }
}
