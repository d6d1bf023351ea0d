//! Queues and their messages. Knows no HTTP.
//!
//! A message is a row of its own; where it stands is another, of two orders: what may be received (`QueueReady`) and
//! what is delayed or in flight (`QueueWaiting`, by when that ends). What came due is moved over in bounded steps, by
//! whoever asks next. So neither sending nor receiving ever looks at more than a few rows, however many there are, and
//! how much there is of each is counted in the same transaction.
//!
//! Invariant: a message that is kept is in exactly one of both orders; in a FIFO queue those that may be received are
//! in their group's line, and the group stands in the order for the first of them.

mod attribute;
mod count;
mod error;
mod group;
mod keys;
mod message;
mod queue;
mod redrive;
mod service;
mod settings;

pub use attribute::{ATTRIBUTES_MAX, Attribute, AttributeValue, Attributes, attributes_md5, body_md5};
pub use count::Count;
pub use error::QueuesError;
pub use queue::{QueueId, QueueName, QueueRecord};
pub use redrive::{Redrive, RedriveAllow};
pub use service::{
    IN_FLIGHT_MAX, MoveRecord, MoveState, Outgoing, Page, QueueInfo, Queues, RECEIVED_MAX, Receipt, Receive,
    Received, Sent, StartMove, TAGS_MAX, WAITING_MAX,
};
pub use settings::{
    DELAY_SECONDS_MAX, MESSAGE_BYTES_MAX, Settings, VISIBILITY_SECONDS_MAX, WAIT_SECONDS_MAX,
};
