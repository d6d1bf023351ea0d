//! Items as Ion text (<https://amazon-ion.github.io/ion-docs/docs/spec.html>), one a line: what of it is an item, and
//! no more. Sets are lists with an annotation, numbers are decimals.

mod read;
mod token;
mod write;

pub use read::read_ion_line;
pub(crate) use write::write_ion_line;

/// What each line may begin with.
const VERSION_MARKER: &str = "$ion_1_0";
/// Annotations of sets, and what they are on DynamoDB's wire.
const SETS: [(&str, &str); 3] = [("$dynamodb_SS", "SS"), ("$dynamodb_NS", "NS"), ("$dynamodb_BS", "BS")];
/// What no name may be without quotes.
const KEYWORDS: [&str; 4] = ["null", "true", "false", "nan"];
