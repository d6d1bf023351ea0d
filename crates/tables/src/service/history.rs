//! What items were: an entry for each change, written in the transaction that makes it, so that a copy of a table as it
//! was can be made out of the table as it is. Kept where somebody may ask: for point-in-time recovery, and while a copy
//! is being made.

mod entry;
mod keep;
mod note;
mod trim;

pub(crate) use entry::{Before, decode};
pub(crate) use keep::{begin_copy, begin_recovery, end, end_copy, end_recovery, refuse_copied};
pub(crate) use note::{next, note};
