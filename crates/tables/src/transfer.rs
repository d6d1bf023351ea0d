//! Items as lines of files, in the formats that DynamoDB exports to and imports from
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html>,
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Format.html>).

mod csv;
mod ion;
mod json_line;
mod lines;

#[cfg(test)]
mod tests;

pub use csv::{CsvHeader, fields};
pub use ion::read_ion_line;
pub(crate) use ion::write_ion_line;
pub use json_line::read_json_line;
pub(crate) use json_line::write_json_line;
pub use lines::{LINE_BYTES_MAX, Line, Lines};
