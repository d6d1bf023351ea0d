//! The server's own pages below `/_zerun/`, which no bucket can be named.

use crate::operation::Entry;
use crate::{OPERATIONS, front::SERVICES};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

/// `None` when there is no such page.
pub(crate) fn page(path: &str) -> Option<Response<Bytes>> {
    let document = match path {
        "/_zerun/health" => json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}),
        "/_zerun/coverage" => coverage(),
        _ => return None,
    };
    Some(answer(StatusCode::OK, &document))
}

pub(crate) fn answer(status: StatusCode, document: &Value) -> Response<Bytes> {
    let mut text = document.to_string();
    text.push('\n');
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// What is spoken of every published model, from the tables themselves.
fn coverage() -> Value {
    let services = SERVICES.iter().map(|service| {
        let spoken: Vec<&Entry> =
            OPERATIONS.iter().filter(|entry| entry.model.service.name == service.name).collect();
        let missing = service.all_operations.iter().map(|operation| operation.name);
        let missing: Vec<&str> =
            missing.filter(|name| spoken.iter().all(|entry| entry.model.name != *name)).collect();
        let operations = spoken.iter().map(|entry| {
            json!({
                "name": entry.model.name,
                "action": entry.action,
                "method": entry.model.method,
                "uri": entry.model.uri,
                "honoured": entry.honoured,
            })
        });
        json!({
            "service": service.name,
            "api_version": service.api_version,
            "published": service.all_operations.len(),
            "spoken": spoken.len(),
            "operations": operations.collect::<Vec<_>>(),
            "missing": missing,
        })
    });
    json!({ "services": services.collect::<Vec<_>>() })
}
