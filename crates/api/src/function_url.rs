//! Function URLs: anybody's HTTP requests, answered by a function.
//!
//! By host, `{id}.lambda-url.{region}.…`, and where such names do not resolve by path,
//! `/_zerun/function-url/{id}/…`.

mod answer;
mod cors;
mod event;
mod prelude;
mod streamed;

use crate::front::authenticate::{self, Caller};
use crate::front::note::Note;
use crate::front::payload;
use crate::front::respond::whole;
use crate::front::{FUNCTION_URL, Front, RawBody, ResponseBody};
use crate::trace::trace_id;
use crate::{ApiError, lambda, resource_policies, resource_tags};
use access::policy::Context;
use access::{Decision, Principal, Resource, Sent};
use bytes::Bytes;
use functions::{FunctionsError, Invocation, InvokeMode, PAYLOAD_BYTES_MAX, UrlAuth, UrlTarget};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use pool::InvokeError;
use protocol::RequestId;
use std::net::SocketAddr;

/// The path that leads to every function URL on any host.
pub(crate) const PATH: &str = "/_zerun/function-url/";

const ACTION: &str = "lambda:InvokeFunctionUrl";

/// Splits the rest of [`PATH`] into the URL's id and the path that the function sees.
pub(crate) fn split(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix(PATH)?;
    match rest.find('/') {
        Some(slash) => Some(rest.split_at(slash)),
        None => Some((rest, "/")),
    }
}

/// Answers one request to the URL `url_id`. `path` is what the function sees, still percent-encoded.
pub(crate) async fn serve(
    front: &Front,
    parts: Parts,
    body: RawBody,
    request_id: RequestId,
    (url_id, path): (&str, &str),
    note: &mut Note,
) -> Response<ResponseBody> {
    note.operation = FUNCTION_URL;
    note.service = Some(&lambda::model::SERVICE);
    note.action = Some(ACTION.to_owned());
    let peer = note.peer;
    let mut response = match front.services().functions.find_url(url_id.to_ascii_lowercase()).await {
        Ok(target) => {
            note.trail.keep(vec![Resource::new(target.id.arn_with(target.qualifier.as_ref()))]);
            note.region = Some(target.id.region.clone());
            let cors = target.url.cors.clone();
            let origin = parts.headers.clone();
            let mut response = match (&cors, cors::is_preflight(&parts)) {
                (Some(cors), true) => {
                    let mut response = Response::new(whole(Bytes::new()));
                    *response.headers_mut() = cors::preflight(cors, &origin);
                    response
                }
                _ => {
                    let asked = Asked { front, target, peer, request_id, path };
                    asked.answer(parts, body, note).await.unwrap_or_else(|refused| {
                        note.code = Some(refused.status.as_str().to_owned());
                        note.message = Some(refused.message.clone());
                        refused.into_response().map(whole)
                    })
                }
            };
            if let Some(cors) = &cors {
                cors::apply(cors, &origin, response.headers_mut());
            }
            response
        }
        Err(FunctionsError::NotFound(_)) => {
            Refused::new(StatusCode::NOT_FOUND, "There is no such function URL").into_response().map(whole)
        }
        Err(error) => Refused::from(ApiError::from(error)).into_response().map(whole),
    };
    if let Ok(value) = HeaderValue::from_str(&request_id.uuid()) {
        response.headers_mut().insert("x-amzn-requestid", value);
    }
    response
}

/// One request to a URL that is there.
struct Asked<'a> {
    front: &'a Front,
    target: UrlTarget,
    peer: SocketAddr,
    request_id: RequestId,
    path: &'a str,
}

impl Asked<'_> {
    async fn answer(
        self,
        parts: Parts,
        body: RawBody,
        note: &mut Note,
    ) -> Result<Response<ResponseBody>, Refused> {
        let services = self.front.services();
        let now = services.clock.now();
        if self.target.url.auth == UrlAuth::Public && !self.target.public {
            // The policy lets nobody in: not a byte of the body is read.
            note.deny(None);
            return Err(Refused::forbidden());
        }
        let presented = match self.target.url.auth {
            UrlAuth::Public => None,
            UrlAuth::Iam => {
                Some(authenticate::present(&parts).ok().flatten().ok_or_else(Refused::forbidden)?)
            }
        };
        note.access_key_id = presented.as_ref().map(|presented| presented.access_key_id.clone());
        let service = &lambda::model::SERVICE;
        // Other services sign by other rules: S3's leave the body, and in Version 2 the host, out.
        if presented.as_ref().is_some_and(|claim| authenticate::scope_service(claim) != service.name) {
            return Err(Refused::forbidden());
        }
        let claim = match &presented {
            Some(presented) => Some(
                authenticate::claim(self.front, service, Some(presented), now)
                    .map_err(|_| Refused::forbidden())?,
            ),
            None => None,
        };
        let too_large = payload::too_large(service, PAYLOAD_BYTES_MAX);
        let raw = payload::raw(&services.clock, &parts, body);
        let room = self.front.room_for(raw.length(), PAYLOAD_BYTES_MAX).await?;
        let body = raw.collect(PAYLOAD_BYTES_MAX, too_large).await?;
        drop(room);
        let caller = match claim {
            Some(claim) => Some(
                authenticate::standard(service, claim, &parts, &body, now)
                    .map_err(|_| Refused::forbidden())?,
            ),
            None => None,
        };
        if let Some(caller) = &caller {
            note.principal = Some(caller.principal.clone());
            self.check(caller, &parts, note).await?;
        }
        note.trail.allow();
        let access_key =
            presented.as_ref().map(|presented| presented.access_key_id.as_str()).unwrap_or_default();
        let signer = caller.as_ref().map(|caller| (&caller.principal, access_key));
        self.invoke(&parts, &body, signer).await
    }

    async fn check(&self, caller: &Caller, parts: &Parts, note: &mut Note) -> Result<(), Refused> {
        let services = self.front.services();
        let mut resources = [Resource::new(self.target.id.arn_with(self.target.qualifier.as_ref()))];
        let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        let sent = Sent {
            at: services.clock.now(),
            source_ip: self.peer.ip(),
            user_agent: user_agent.unwrap_or_default(),
            region: &caller.region,
        };
        let mut context = Context::new();
        context.set("lambda:FunctionUrlAuthType", "AWS_IAM");
        context.set("lambda:InvokedViaFunctionUrl", "true");
        context
            .set("lambda:FunctionArn", self.target.id.arn_with(self.target.qualifier.as_ref()).to_string());
        let (principal, action) = (&caller.principal, ACTION);
        resource_tags::read(services, principal, action, &mut resources).await?;
        let shared = resource_policies::of(services, principal, action, &resources).await?;
        let (resources, shared) = (resources.as_slice(), shared.as_slice());
        let asked = access::Asked { principal, action, resources, sent: &sent, context, shared };
        match services.access.authorize(asked).await {
            Ok(Decision::Allow { .. }) => Ok(()),
            Ok(Decision::Deny(denial)) => {
                note.deny(Some(Box::new(denial.explanation)));
                Err(Refused::forbidden())
            }
            Err(error) => {
                tracing::error!(%error, "a caller's policies cannot be read");
                Err(Refused::bad_gateway())
            }
        }
    }

    async fn invoke(
        self,
        parts: &Parts,
        body: &Bytes,
        signer: Option<(&Principal, &str)>,
    ) -> Result<Response<ResponseBody>, Refused> {
        let services = self.front.services();
        let request_id = self.request_id.uuid();
        let trace_id = trace_id(&parts.headers, &services.clock);
        let UrlTarget { id, qualifier, url, .. } = self.target;
        let facts = event::Facts {
            url_id: &url.url_id,
            domain_name: &format!("{}.lambda-url.{}.{}", url.url_id, id.region, services.base_domain),
            path: self.path,
            source_ip: self.peer.ip(),
            request_id: &request_id,
            trace_id: &trace_id,
            now: services.clock.now(),
            signer,
        };
        let payload = Bytes::from(event::event(parts, body, &facts).to_string());
        let invocation = Invocation {
            id,
            qualifier,
            request_id: request_id.clone(),
            payload,
            client_context: None,
            trace_id: Some(trace_id.clone()),
            until_end: false,
        };
        if url.invoke_mode == InvokeMode::Streamed {
            let answer = services.functions.invoke_streaming(invocation).await.map_err(Refused::from)?;
            return streamed::respond(answer).await.ok_or_else(Refused::bad_gateway);
        }
        let outcome = services.functions.invoke(invocation).await.map_err(Refused::from)?;
        if outcome.function_error.is_some() {
            return Err(Refused::bad_gateway());
        }
        answer::answer(&outcome).map(|response| response.map(whole)).ok_or_else(Refused::bad_gateway)
    }
}

/// A request that got no answer from the function.
#[derive(Debug)]
struct Refused {
    status: StatusCode,
    message: String,
}

impl Refused {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Refused { status, message: message.into() }
    }

    fn forbidden() -> Self {
        Refused::new(StatusCode::FORBIDDEN, "Forbidden")
    }

    /// The function failed, or its answer is no HTTP response. Its own words are not for strangers.
    fn bad_gateway() -> Self {
        Refused::new(StatusCode::BAD_GATEWAY, "Internal Server Error")
    }

    fn into_response(self) -> Response<Bytes> {
        let document = serde_json::json!({ "Message": self.message });
        let mut response = Response::new(Bytes::from(document.to_string()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

impl From<ApiError> for Refused {
    /// Why we could not serve a stranger is for the log: the words may name what lies on this machine.
    fn from(error: ApiError) -> Self {
        if error.status.is_server_error() {
            tracing::error!(code = %error.code, message = %error.message, "a function URL was not served");
            return Refused::new(error.status, "Internal Server Error");
        }
        Refused::new(error.status, error.message)
    }
}

impl From<FunctionsError> for Refused {
    fn from(error: FunctionsError) -> Self {
        match &error {
            FunctionsError::Invoke(
                InvokeError::RuntimeMissing(_)
                | InvokeError::InvalidCode(_)
                | InvokeError::RoleRefused(_)
                | InvokeError::RestoreFailed
                | InvokeError::RestoreTimedOut,
            ) => {
                tracing::warn!(%error, "a function URL's function cannot be run");
                Refused::bad_gateway()
            }
            // An event may outgrow its request by the encoding of the body.
            FunctionsError::TooLarge(_) => {
                Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
            }
            _ => Refused::from(ApiError::from(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_form_is_split() {
        assert_eq!(split("/_zerun/function-url/abc/x/y"), Some(("abc", "/x/y")));
        assert_eq!(split("/_zerun/function-url/abc/"), Some(("abc", "/")));
        assert_eq!(split("/_zerun/function-url/abc"), Some(("abc", "/")));
        assert_eq!(split("/_zerun/health"), None);
    }
}
