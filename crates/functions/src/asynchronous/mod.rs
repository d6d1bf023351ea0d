//! Asynchronous invocations: accepted in one transaction, tried until they succeed, are given up or
//! grow too old. At least once; an event is removed only in the transaction that knows its outcome.

mod backlog;
mod destination;
mod dispatch;
mod follow_up;
mod queue;
mod ready;
mod retry;
mod told;
mod waiting;

pub use backlog::{Admission, EventBounds};
pub use follow_up::{DeadLetter, FollowUp};
pub use queue::{AsyncEvent, EVENT_BYTES_MAX, enqueue};
pub use retry::RetrySchedule;
pub use waiting::Waiting;
