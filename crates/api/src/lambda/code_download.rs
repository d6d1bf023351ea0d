//! Where `Code.Location` leads: `GET /_zerun/code/<sha256>?expires=…&signature=…`, without credentials.

use crate::Call;
use functions::Code;

/// The path that links begin with.
pub const PATH: &str = "/_zerun/code/";

/// A link that its bearer can download the archive with, for ten minutes.
pub(super) fn location(call: &Call, code: &Code) -> String {
    let query = call.services.functions.download_query(&code.sha256);
    format!("{}{PATH}{}?{query}", call.endpoint, code.sha256)
}
