//! The changes of tables, spoken as DynamoDB Streams.

mod describe_stream;
mod get_records;
mod get_shard_iterator;
mod iterator;
mod list_streams;
pub mod model;
mod target;
