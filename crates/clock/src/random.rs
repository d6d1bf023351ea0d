/// Fills from the kernel's generator.
///
/// A process that cannot get randomness cannot make a key or a session safely; ending it is the only
/// right answer, and getrandom(2) fails only on kernels older than any that Zerun runs on.
#[expect(clippy::disallowed_methods, reason = "the one place that may ask the kernel for randomness")]
pub(crate) fn fill_from_kernel(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        panic!("the kernel gave no randomness: {error}");
    }
}
