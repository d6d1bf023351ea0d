//! The conversation with a WebAssembly component: an event becomes what its world takes, and what it answers
//! becomes a result.
//!
//! | world | event | result |
//! | --- | --- | --- |
//! | `wasi:http/proxy` | of a function URL or an HTTP API (payload format 2.0): the request that it stands for | status, headers and body, as format 2.0 has them |
//! | `wasi:http/proxy` | any other: `POST /` with the event as the body | the body of a 2xx response; any other response is an error |
//! | `wasi:cli/command` | the standard input | the standard output; an exit status but 0 is an error |
//!
//! What the Runtime API tells in headers beside an event, a handler finds in the request's headers of the same
//! names, and a command in variables: `LAMBDA_RUNTIME_AWS_REQUEST_ID` and so on, `_X_AMZN_TRACE_ID`.

mod facts;
mod request;
mod response;

pub use facts::variables;
pub use request::{Asked, request};
pub use response::{output, response};

use std::path::{Path, PathBuf};

/// A custom runtime's code is a component if this lies at its top, and no `bootstrap` anywhere.
pub const COMPONENT: &str = "bootstrap.wasm";

/// The component that unpacked code and layers amount to, if they do. Looks at the disk.
pub fn find(code_dir: &Path, layer_dirs: &[PathBuf]) -> Option<PathBuf> {
    let component = code_dir.join(COMPONENT);
    let exists = |path: PathBuf| path.symlink_metadata().is_ok();
    if !component.symlink_metadata().is_ok_and(|found| found.is_file()) {
        return None;
    }
    let mut places = std::iter::once(code_dir).chain(layer_dirs.iter().map(PathBuf::as_path));
    (!places.any(|place| exists(place.join("bootstrap")))).then_some(component)
}

#[cfg(test)]
mod tests;
