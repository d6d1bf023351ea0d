//! What becomes known of a request on its way, for the log line and the audit record.

use crate::Entry;
use access::{Explanation, Principal, Resource};
use clock::Moment;
use names::Region;
use protocol::model::Service;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Filled in as it becomes known.
pub(crate) struct Note {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) peer: SocketAddr,
    pub(crate) started: Moment,
    /// `-` where none was recognised.
    pub(crate) operation: &'static str,
    /// One of our own pages: nobody's call.
    pub(crate) is_page: bool,
    pub(crate) user_agent: String,
    pub(crate) service: Option<&'static Service>,
    /// The name of a service, or of an operation, that is none of ours; at most 64 characters.
    pub(crate) unknown_service: Option<String>,
    pub(crate) unknown_operation: Option<String>,
    pub(crate) entry: Option<&'static Entry>,
    /// The action of what has no line in the table.
    pub(crate) action: Option<String>,
    /// Only claimed until `principal` is there.
    pub(crate) access_key_id: Option<String>,
    /// Whose signature was found to hold.
    pub(crate) principal: Option<Principal>,
    pub(crate) region: Option<Region>,
    /// Of operations that are no data events, without secrets.
    pub(crate) parameters: Option<Value>,
    pub(crate) trail: Trail,
    /// What the caller was told.
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) is_denied: bool,
    pub(crate) explanation: Option<Box<Explanation>>,
}

impl Note {
    pub(crate) fn new(method: String, path: String, peer: SocketAddr, started: Moment) -> Note {
        Note {
            method,
            path,
            peer,
            started,
            operation: "-",
            is_page: false,
            user_agent: String::new(),
            service: None,
            unknown_service: None,
            unknown_operation: None,
            entry: None,
            action: None,
            access_key_id: None,
            principal: None,
            region: None,
            parameters: None,
            trail: Trail::default(),
            code: None,
            message: None,
            is_denied: false,
            explanation: None,
        }
    }

    /// Of nothing.
    pub(super) fn none() -> Note {
        let nobody = SocketAddr::from(([0, 0, 0, 0], 0));
        Note::new(String::new(), String::new(), nobody, Moment::default())
    }

    /// Somebody whose signature holds, as opposed to a stranger.
    pub(crate) fn known_principal(&self) -> Option<&Principal> {
        self.principal.as_ref().filter(|principal| !matches!(principal, Principal::Anonymous))
    }

    /// Whether what was asked for is more than a look.
    pub(crate) fn changes(&self) -> bool {
        match self.entry {
            Some(entry) => !entry.level.is_read_only(),
            None => !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS"),
        }
    }

    pub(crate) fn is_data(&self) -> bool {
        self.entry.map_or(self.operation == super::FUNCTION_URL, |entry| entry.data)
    }

    /// How it came about that all, or some, of what was asked for was denied.
    pub(crate) fn denial(&self) -> Option<&Explanation> {
        self.explanation.as_deref().or_else(|| self.trail.partly_denied())
    }

    pub(crate) fn deny(&mut self, explanation: Option<Box<Explanation>>) {
        self.is_denied = true;
        self.explanation = explanation;
    }
}

/// What only the inside of an operation learns. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Trail(Arc<Steps>);

#[derive(Default)]
struct Steps {
    resources: OnceLock<Vec<Resource>>,
    is_allowed: AtomicBool,
    partly_denied: OnceLock<Box<Explanation>>,
}

impl Trail {
    /// Keeps what is acted on; what was kept before stays.
    pub(crate) fn keep(&self, resources: Vec<Resource>) -> &[Resource] {
        self.0.resources.get_or_init(|| resources)
    }

    pub(crate) fn resources(&self) -> &[Resource] {
        self.0.resources.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// Of what was asked for, some is denied and the rest done. The first that is denied is told of.
    pub(crate) fn deny_partly(&self, explanation: Option<Box<Explanation>>) {
        if let Some(explanation) = explanation {
            // What was told before stays.
            let _ = self.0.partly_denied.set(explanation);
        }
    }

    pub(crate) fn partly_denied(&self) -> Option<&Explanation> {
        self.0.partly_denied.get().map(Box::as_ref)
    }

    /// What is done is allowed.
    pub(crate) fn allow(&self) {
        self.0.is_allowed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_allowed(&self) -> bool {
        self.0.is_allowed.load(Ordering::Relaxed)
    }
}
