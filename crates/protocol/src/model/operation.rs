use serde::{Serialize, de::DeserializeOwned};

use super::{Service, Shape};

/// One operation, with everything needed to read its request and write its response.
#[derive(Debug)]
pub struct Operation {
    pub name: &'static str,
    pub service: &'static Service,
    pub method: &'static str,
    /// The path template and literal query, e.g. `/{Bucket}/{Key+}?uploads`.
    pub uri: &'static str,
    /// The status of a success, unless the output has a status member.
    pub status: u16,
    pub input: Option<&'static Shape>,
    pub output: Option<&'static Shape>,
    /// The element around the members of a query response, e.g. `GetCallerIdentityResult`.
    pub result_wrapper: Option<&'static str>,
    pub checksums: Checksums,
}

impl PartialEq for Operation {
    /// Operations are statics: the same name in the same service is the same operation.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.service.name == other.service.name
    }
}

impl Operation {
    /// Whether the request body is the payload itself, to be taken as bytes (streamed or not).
    pub fn takes_bytes(&self) -> bool {
        self.input.is_some_and(Shape::has_blob_payload)
    }

    /// Whether the response body is the payload itself, to be given as bytes.
    pub fn gives_bytes(&self) -> bool {
        self.output.is_some_and(Shape::has_blob_payload)
    }
}

/// The operation's `httpChecksum` trait.
#[derive(Debug, Clone, Copy, Default)]
pub struct Checksums {
    /// A request without a checksum or Content-MD5 is refused.
    pub required: bool,
    /// The input member that names the algorithm of a checksum in a header or trailer.
    pub algorithm_member: Option<&'static str>,
}

/// An operation's type, generated beside its tables: ties the input and output structs to them.
pub trait Typed {
    const OPERATION: &'static Operation;
    type Input: DeserializeOwned + Send;
    type Output: Serialize + Send;
}

/// The facts needed to recognise a request for an operation, whether we speak it or not.
#[derive(Debug)]
pub struct OperationName {
    pub name: &'static str,
    pub method: &'static str,
    /// The path template without its literal query, e.g. `/{Bucket}/{Key+}`.
    pub path: &'static str,
    /// Query parameters that must be there, with the value they must have if it matters.
    pub query: &'static [(&'static str, Option<&'static str>)],
    /// Required query parameters that tell this operation from others at the same path and method.
    pub required_query: &'static [&'static str],
    /// Required headers that tell this operation from others at the same path and method.
    pub required_headers: &'static [&'static str],
    /// Deprecated operations share their request with the one that replaced them.
    pub deprecated: bool,
}

impl OperationName {
    pub const fn new(name: &'static str, method: &'static str, path: &'static str) -> OperationName {
        OperationName {
            name,
            method,
            path,
            query: &[],
            required_query: &[],
            required_headers: &[],
            deprecated: false,
        }
    }

    pub const fn query(mut self, query: &'static [(&'static str, Option<&'static str>)]) -> OperationName {
        self.query = query;
        self
    }

    pub const fn required_query(mut self, names: &'static [&'static str]) -> OperationName {
        self.required_query = names;
        self
    }

    pub const fn required_headers(mut self, names: &'static [&'static str]) -> OperationName {
        self.required_headers = names;
        self
    }

    pub const fn deprecated(mut self) -> OperationName {
        self.deprecated = true;
        self
    }
}
