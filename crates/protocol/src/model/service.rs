use super::{ErrorShape, Operation, OperationName};

/// One published API: its protocol and the operations of it that we speak.
#[derive(Debug)]
pub struct Service {
    /// The name a signature's scope carries, e.g. `s3`, `lambda`, `sts`.
    pub name: &'static str,
    pub protocol: Protocol,
    pub dialect: Dialect,
    /// The model's date, e.g. `2006-03-01`; the query protocol's `Version`.
    pub api_version: &'static str,
    /// What precedes the operation in `X-Amz-Target`, for the JSON protocols.
    pub target_prefix: Option<&'static str>,
    /// The namespace of response documents, for the XML protocols.
    pub xml_namespace: Option<&'static str>,
    /// The operations whose shapes were generated.
    pub operations: &'static [&'static Operation],
    /// Every operation the published model knows, ours or not.
    pub all_operations: &'static [OperationName],
    /// The errors that the generated operations declare.
    pub errors: &'static [&'static ErrorShape],
}

impl Service {
    /// The operation of that name, if its shapes were generated.
    pub fn operation(&self, name: &str) -> Option<&'static Operation> {
        self.operations.iter().copied().find(|operation| operation.name == name)
    }

    /// The declared error whose shape or code has that name.
    pub fn error(&self, name: &str) -> Option<&'static ErrorShape> {
        self.errors.iter().copied().find(|error| error.name == name || error.code == name)
    }
}

/// How a service's requests and responses are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    RestXml,
    RestJson,
    /// `application/x-amz-json-1.0`
    Json10,
    /// `application/x-amz-json-1.1`
    Json11,
    /// Form in, XML out.
    Query,
}

/// Where S3 differs from everything after it: its errors stand without a wrapper, its request ids have
/// another form, its paths are signed as sent, and presigned queries may carry headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    Standard,
    S3,
}
