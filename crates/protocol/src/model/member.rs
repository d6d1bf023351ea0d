use super::{Kind, Shape, XmlNamespace};
use crate::TimestampFormat;

/// A structure's member: what the tree calls it and where the wire puts it.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// The key in the tree, and the name in messages.
    pub name: &'static str,
    /// The name on the wire: element, JSON key, header, query parameter or label.
    pub wire_name: &'static str,
    pub shape: &'static Shape,
    pub location: Location,
    pub required: bool,
    /// An attribute of the enclosing element rather than an element.
    pub xml_attribute: bool,
    pub xml_namespace: Option<XmlNamespace>,
    /// This member's list or map has no element around the whole, whatever its shape says.
    pub flattened: bool,
    pub timestamp_format: Option<TimestampFormat>,
    /// A header that carries JSON text in base64.
    pub json_value: bool,
    /// The wire name was given, not taken from the member's own.
    pub renamed: bool,
    /// The name in the query protocol, of a service that speaks another one too and has other names there.
    pub query_name: Option<&'static str>,
}

/// Where a member travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    Body,
    Header,
    /// Every header whose name begins with the wire name, as a map.
    Headers,
    Query,
    /// Every query parameter that no other member takes, as a map.
    QueryMap,
    /// A `{Label}` of the path.
    Uri,
    /// The response's status.
    Status,
}

impl Member {
    pub const fn new(name: &'static str, shape: &'static Shape) -> Member {
        Member {
            name,
            wire_name: name,
            shape,
            location: Location::Body,
            required: false,
            xml_attribute: false,
            xml_namespace: None,
            flattened: false,
            timestamp_format: None,
            json_value: false,
            renamed: false,
            query_name: None,
        }
    }

    pub const fn wire(mut self, name: &'static str) -> Member {
        self.wire_name = name;
        self.renamed = true;
        self
    }

    pub const fn query_name(mut self, name: &'static str) -> Member {
        self.query_name = Some(name);
        self
    }

    pub const fn required(mut self) -> Member {
        self.required = true;
        self
    }

    pub const fn header(self, name: &'static str) -> Member {
        self.at(Location::Header).wire(name)
    }

    pub const fn headers(self, prefix: &'static str) -> Member {
        self.at(Location::Headers).wire(prefix)
    }

    pub const fn query(self, name: &'static str) -> Member {
        self.at(Location::Query).wire(name)
    }

    pub const fn query_map(self) -> Member {
        self.at(Location::QueryMap)
    }

    pub const fn label(self, name: &'static str) -> Member {
        self.at(Location::Uri).wire(name)
    }

    pub const fn status(self) -> Member {
        self.at(Location::Status)
    }

    const fn at(mut self, location: Location) -> Member {
        self.location = location;
        self
    }

    pub const fn xml_attribute(mut self) -> Member {
        self.xml_attribute = true;
        self
    }

    pub const fn xml_namespace(mut self, prefix: Option<&'static str>, uri: &'static str) -> Member {
        self.xml_namespace = Some(XmlNamespace { prefix, uri });
        self
    }

    pub const fn flattened(mut self) -> Member {
        self.flattened = true;
        self
    }

    pub const fn timestamp_format(mut self, format: TimestampFormat) -> Member {
        self.timestamp_format = Some(format);
        self
    }

    /// The name that each entry of a flattened list goes by. Where the list's shape itself is flattened,
    /// as in the older models, its entries' name wins over the member's own, unless the member has
    /// another one for the wire.
    pub fn flattened_name(&self) -> &'static str {
        match self.shape.kind {
            Kind::List { flattened: true, member_name: Some(name), .. } if !self.renamed => name,
            _ => self.wire_name,
        }
    }

    pub const fn json_value(mut self) -> Member {
        self.json_value = true;
        self
    }
}
