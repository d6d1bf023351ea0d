//! Receipts as clients carry them: readable, but nobody can make one up.

use crate::{ApiError, Call};
use queues::{QueuesError, Receipt};

pub(super) fn seal(call: &Call, receipt: &Receipt) -> String {
    call.services.access.seal_token(Receipt::CONTEXT, &receipt.encode())
}

/// # Errors
/// `ReceiptHandleIsInvalid`.
pub(super) fn open(call: &Call, handle: &str) -> Result<Receipt, QueuesError> {
    let bytes = call.services.access.open_token(Receipt::CONTEXT, handle);
    bytes.as_deref().and_then(Receipt::decode).ok_or(QueuesError::ReceiptInvalid)
}

/// # Errors
/// `ReceiptHandleIsInvalid`.
pub(super) fn read(call: &Call, handle: &str) -> Result<Receipt, ApiError> {
    open(call, handle).map_err(|_| {
        let message = format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
        ApiError::new(http::StatusCode::NOT_FOUND, "ReceiptHandleIsInvalid", message)
    })
}
