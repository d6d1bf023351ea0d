use crate::Entry;

/// THE table of operations. What is not here does not exist: routing, authorisation, the answer to
/// operations that we lack, the coverage page and the test that tries every operation without
/// credentials all read it.
pub static OPERATIONS: &[Entry] = &[
    // sts
];
