use rand::Rng;

/// Fills from this thread's generator: ChaCha12, seeded by the kernel and seeded anew after every 64 KiB. A call of
/// the kernel for each id of each request would be most of what the id costs.
///
/// A process that cannot get randomness cannot make a key or a session safely; ending it is the only
/// right answer (the generator panics), and getrandom(2) fails only on kernels older than any that Zerun runs on.
#[expect(clippy::disallowed_methods, reason = "the one place that may make randomness")]
pub(crate) fn fill(bytes: &mut [u8]) {
    rand::rng().fill_bytes(bytes);
}
