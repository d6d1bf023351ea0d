//! Where `Code.Location` leads: `GET /_zerun/code/<sha256>?expires=…&signature=…`, without credentials.
//! The link itself is one, for ten minutes.

use crate::front::respond::{plain, stream};
use crate::front::{Front, ResponseBody};
use crate::{ApiError, Call};
use functions::{Code, FunctionsError};
use futures_util::StreamExt;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use protocol::RequestId;

/// The path that links begin with.
pub(crate) const PATH: &str = "/_zerun/code/";

pub(super) fn location(call: &Call, code: &Code) -> String {
    let query = call.services.functions.download_query(&code.sha256);
    format!("{}{PATH}{}?{query}", call.endpoint, code.sha256)
}

/// Answers a request for a path that begins with [`PATH`].
pub(crate) async fn serve(front: &Front, parts: &Parts, request_id: RequestId) -> Response<ResponseBody> {
    if parts.method != Method::GET && parts.method != Method::HEAD {
        let message = "Code can only be downloaded.";
        return plain(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message, request_id);
    }
    match download(front, parts).await {
        Ok(response) => response,
        Err(error) => plain(error.status, &error.code, &error.message, request_id),
    }
}

async fn download(front: &Front, parts: &Parts) -> Result<Response<ResponseBody>, ApiError> {
    let sha256 = parts.uri.path().strip_prefix(PATH).unwrap_or_default();
    let (mut expires, mut signature) = (None, String::new());
    for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
        match name.as_ref() {
            "expires" => expires = value.parse().ok(),
            "signature" => signature = value.into_owned(),
            _ => {}
        }
    }
    let refused =
        || ApiError::new(StatusCode::FORBIDDEN, "AccessDenied", "The link is not valid or has expired.");
    let services = front.services();
    let found = services.functions.download(sha256, expires.ok_or_else(refused)?, &signature).await;
    let archive = found.map_err(|error| match error {
        FunctionsError::Invalid(_) => refused(),
        error => ApiError::from(error),
    })?;
    let bytes = services.blobs.open(&archive.blob, 0..archive.bytes).await.map_err(ApiError::internal)?;
    let bytes = bytes.map(|piece| piece.map_err(ApiError::internal));
    let mut response = Response::new(stream(archive.bytes, bytes));
    response.headers_mut().insert("content-length", HeaderValue::from(archive.bytes));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    Ok(response)
}
