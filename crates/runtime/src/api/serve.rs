use super::conversation::Conversation;
use super::post;
use super::respond;
use crate::extensions::{self, Extensions};
use clock::Clock;
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Connections one sandbox may hold open here; further ones wait in the listener's backlog.
const CONNECTIONS_MAX: usize = 64;

/// Before trying to accept again.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts until dropped; connections end with it.
pub(super) async fn serve(
    listener: TcpListener,
    conversation: Arc<Conversation>,
    extensions: Extensions,
    clock: Clock,
) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // One that died in the backlog, or this machine is out of descriptors: then others close
            // some day, and until that day it must not spin.
            Err(error) => {
                tracing::warn!(%error, "runtime API: a connection could not be accepted");
                clock.sleep(PAUSE).await;
                continue;
            }
        };
        // Answers are small and each waits for the other side: never hold one back to fill a packet.
        let _ = stream.set_nodelay(true);
        let (conversation, extensions) = (conversation.clone(), extensions.clone());
        connections.spawn(async move {
            let _slot = slot;
            let service = service_fn(move |request| {
                let (conversation, extensions) = (conversation.clone(), extensions.clone());
                async move { Ok::<_, Infallible>(answer(&conversation, &extensions, request).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            if let Err(error) = connection.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(%error, "runtime API: connection ended");
            }
        });
    }
}

async fn answer(
    conversation: &Conversation,
    extensions: &Extensions,
    request: Request<Incoming>,
) -> respond::HttpReply {
    let request = match extensions::answer(extensions, request).await {
        Ok(reply) => return reply,
        Err(request) => request,
    };
    let path = request.uri().path().to_owned();
    let path = path.strip_prefix("/2018-06-01").unwrap_or(&path);
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method(), parts.as_slice()) {
        (&Method::GET, ["ping"]) => respond::plain(StatusCode::OK, "pong"),
        (&Method::GET, ["runtime", "invocation", "next"]) => match conversation.next().await {
            Ok(invocation) => respond::event(invocation),
            Err(refused) => respond::refusal(&refused),
        },
        (&Method::POST, ["runtime", "invocation", id, "response"]) => {
            let id = (*id).to_owned();
            post::response(conversation, &id, request).await
        }
        (&Method::POST, ["runtime", "invocation", id, "error"]) => {
            let id = (*id).to_owned();
            post::error(conversation, &id, request).await
        }
        (&Method::POST, ["runtime", "init", "error"]) => post::init_error(conversation, request).await,
        (&Method::GET, ["runtime", "restore", "next"]) => match conversation.restore_next().await {
            Ok(()) => respond::plain(StatusCode::OK, ""),
            Err(refused) => respond::refusal(&refused),
        },
        (&Method::POST, ["runtime", "restore", "error"]) => post::restore_error(conversation, request).await,
        (_, ["ping"] | ["runtime", "invocation", "next"] | ["runtime", "init", "error"])
        | (_, ["runtime", "restore", "next" | "error"])
        | (_, ["runtime", "invocation", _, "response" | "error"]) => {
            respond::plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
        }
        _ => respond::plain(StatusCode::NOT_FOUND, "404 page not found"),
    }
}
