use super::Running;
use crate::output::Log;
use clock::Moment;
use runtime::report::{Event, Init, Status};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The lines between a component's initialisation and its event. They are written by whoever comes first: the guest's
/// thread, which need not wait for anybody else then, or the invocation whose time is up. Clones are the same.
#[derive(Clone)]
pub(super) struct Begin(Arc<Lines>);

struct Lines {
    has_begun: AtomicBool,
    log: Log,
    init: Init,
    since: Moment,
    request_id: String,
    trace_id: String,
    version: String,
}

impl Begin {
    pub fn new(running: &Running<'_>, init: Init) -> Self {
        Begin(Arc::new(Lines {
            has_begun: AtomicBool::new(false),
            log: running.log.clone(),
            init,
            since: running.since,
            request_id: running.invocation.request_id.clone(),
            trace_id: running.invocation.trace_id.clone(),
            version: running.spec.version.clone(),
        }))
    }

    /// False when it has begun already.
    pub fn begin(&self, now: Moment, status: Status, error_type: Option<&str>) -> bool {
        let Lines { log, init, request_id, trace_id, version, .. } = &*self.0;
        if self.0.has_begun.swap(true, Ordering::AcqRel) {
            return false;
        }
        let (init, duration) = (*init, now.since(self.0.since));
        log.tell(&Event::InitRuntimeDone { init, status, error_type });
        log.tell(&Event::InitReport { init, status, error_type, duration });
        log.begin(request_id, true);
        log.tell(&Event::Start { request_id, version, trace_id });
        true
    }
}
