//! Names for a sandbox: asked of this machine's own resolvers, if its policy lets it know them.

mod message;
mod upstream;

pub(crate) use upstream::Upstream;

use crate::attach::Shared;
use message::{Code, Query};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Udp,
    /// For answers that a datagram did not hold.
    Tcp,
}

/// For a question over a connection to come in whole, and between two of them.
const STREAM_IDLE: Duration = Duration::from_secs(10);

/// The answer to a sandbox's question; `None` for what deserves none.
pub(crate) async fn answer(shared: &Shared, question: &[u8], transport: Transport) -> Option<Vec<u8>> {
    let query = match Query::read(question) {
        Ok(query) => query,
        Err(refusal) => return refusal,
    };
    let name = query.name.as_deref();
    if !shared.judge.may_resolve(name) {
        // As if it were not there: programs take a refusal for a passing trouble, and ask again.
        shared.counters.name_refused(name.unwrap_or("a name that is no host's"));
        return Some(query.refuse(Code::NoSuchName));
    }
    match shared.upstream.ask(&query, transport).await {
        Some(answer) => {
            if matches!(query.kind, message::A | message::AAAA) {
                shared.judge.pin(name, &message::addresses(&answer));
            }
            Some(answer)
        }
        None => Some(query.refuse(Code::ServerFailure)),
    }
}

/// Questions over a connection, one after the other (RFC 7766), until it ends.
pub(crate) async fn serve_stream(shared: &Shared, mut stream: UnixStream) {
    loop {
        let question = async {
            let length = stream.read_u16().await.ok()?;
            let mut question = vec![0; usize::from(length)];
            stream.read_exact(&mut question).await.ok()?;
            Some(question)
        };
        let Some(Some(question)) = shared.clock.timeout(STREAM_IDLE, question).await else { return };
        let Ok(permit) = shared.lookups.acquire().await else { return };
        let answer = answer(shared, &question, Transport::Tcp).await;
        drop(permit);
        let Some(answer) = answer else { return };
        let Ok(length) = u16::try_from(answer.len()) else { return };
        if stream.write_all(&[&length.to_be_bytes(), answer.as_slice()].concat()).await.is_err() {
            return;
        }
    }
}
