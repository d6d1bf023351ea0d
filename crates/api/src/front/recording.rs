//! Each request leaves one record in the audit log, whatever becomes of it.

use super::note::Note;
use super::{Front, ResponseBody, respond};
use crate::ApiError;
use crate::record;
use audit::{Decision, Record};
use http::{Response, StatusCode};
use protocol::RequestId;

/// A note whose record is not written yet. Dropped before, because the caller went away, it is written then: what
/// the service has done by then stays done.
pub(super) struct Unrecorded<'a> {
    front: &'a Front,
    request_id: RequestId,
    note: Note,
    is_recorded: bool,
}

impl<'a> Unrecorded<'a> {
    pub(super) fn new(front: &'a Front, request_id: RequestId, note: Note) -> Self {
        Unrecorded { front, request_id, note, is_recorded: false }
    }

    pub(super) fn note(&mut self) -> &mut Note {
        &mut self.note
    }

    /// Writes the record. What must not be lost is on disk when this returns; if it cannot be, the answer says so
    /// instead of what it said.
    pub(super) async fn record(
        mut self,
        mut response: Response<ResponseBody>,
    ) -> (Note, Response<ResponseBody>) {
        let (front, request_id) = (self.front, self.request_id);
        let status = response.status();
        let weight = front.weight(&self.note, status);
        self.is_recorded = true;
        let note = std::mem::replace(&mut self.note, Note::none());
        match weight {
            Weight::None => {}
            Weight::Plain => front.0.audit.append(&made(front, &note, status.as_u16(), request_id)).await,
            Weight::Durable => {
                let record = made(front, &note, status.as_u16(), request_id);
                if front.0.audit.append_durable(&record).await.is_err() {
                    response = unrecorded(&note, request_id);
                }
            }
        }
        (note, response)
    }
}

impl Drop for Unrecorded<'_> {
    fn drop(&mut self) {
        if self.is_recorded {
            return;
        }
        self.note.code.get_or_insert_with(|| "ClientWentAway".to_owned());
        if !matches!(self.front.weight(&self.note, StatusCode::OK), Weight::None) {
            self.front.0.audit.append_now(&made(self.front, &self.note, 0, self.request_id));
        }
    }
}

/// How a record is to be kept.
enum Weight {
    None,
    Plain,
    Durable,
}

impl Front {
    fn weight(&self, note: &Note, status: StatusCode) -> Weight {
        if note.is_page {
            return Weight::None;
        }
        // A token of an identity provider is looked at after the question was allowed, and may prove nothing.
        let proves_nothing = status.is_client_error() && !note.is_data();
        if note.known_principal().is_none() && (proves_nothing || !note.trail.is_allowed()) {
            let services = self.services();
            if !self.0.flood.admits(note.peer.ip(), services.clock.now()) {
                self.0.audit.leave_out("flood");
                return Weight::None;
            }
            return Weight::Plain;
        }
        if note.is_denied || note.trail.partly_denied().is_some() {
            return Weight::Durable;
        }
        if note.is_data() {
            return if self.config().data_events { Weight::Plain } else { Weight::None };
        }
        // What was not come to, or was refused for its form, has changed nothing.
        let may_have_changed = note.trail.is_allowed() && note.changes() && !status.is_client_error();
        if may_have_changed { Weight::Durable } else { Weight::Plain }
    }

    /// Refuses to begin what could not be recorded.
    ///
    /// # Errors
    /// The log cannot be written, and the operation would change something.
    pub(super) fn recordable(&self, note: &Note) -> Result<(), ApiError> {
        if self.0.audit.is_failing() && note.changes() && !note.is_data() {
            let message = "The call was not carried out, since it could not be recorded: the audit log cannot be \
                           written.";
            return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message));
        }
        Ok(())
    }
}

fn unrecorded(note: &Note, request_id: RequestId) -> Response<ResponseBody> {
    let service = note.service.unwrap_or(&crate::s3::model::SERVICE);
    let message = match note.is_denied {
        true => "The call was denied, and that could not be recorded: the audit log cannot be written.",
        false => "The call was carried out, but could not be recorded: the audit log cannot be written.",
    };
    let error = ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", message);
    respond::failure(service, error, request_id)
}

/// `status`: 0 where nobody was left to be answered.
fn made<'a>(front: &'a Front, note: &'a Note, status: u16, request_id: RequestId) -> Record<'a> {
    let at = front.services().clock.now();
    let region = note.region.as_ref().unwrap_or(&front.config().region);
    let event_id = request_id.uuid();
    let shown = note.service.map_or_else(|| event_id.clone(), |service| request_id.text(service));
    let decision = match (note.is_denied, note.trail.is_allowed()) {
        (true, _) => Decision::Denied,
        (false, true) => Decision::Allowed,
        (false, false) => Decision::None,
    };
    record::record(note, record::Outcome { at, status, decision, region, event_id, request_id: shown })
}
