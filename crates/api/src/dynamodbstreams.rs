//! The changes of tables, spoken as DynamoDB Streams. No operation of it is spoken yet.

pub mod model;
