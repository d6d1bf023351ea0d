//! Asynchronous invocations: accepted in one transaction, tried until they succeed, are given up or
//! grow too old. At least once; an event is removed only in the transaction that knows its outcome.

mod destination;
mod dispatch;
mod queue;
mod retry;

pub use queue::{AsyncEvent, EVENT_BYTES_MAX, enqueue};
pub use retry::RetrySchedule;
