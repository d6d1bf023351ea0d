use super::Member;
use crate::TimestampFormat;

/// A type of the model, with the constraints its values must meet.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub name: &'static str,
    pub kind: Kind,
    /// Least length (of text in characters, of blobs in bytes, of lists and maps in entries) or value.
    pub min: Option<f64>,
    /// Greatest length or value.
    pub max: Option<f64>,
    pub pattern: Option<Pattern>,
    /// The values an enumeration allows; empty where any is.
    pub values: &'static [&'static str],
    /// The value may not be repeated in messages or logs.
    pub sensitive: bool,
    /// The element or root name of the shape where its member gives none.
    pub location_name: Option<&'static str>,
    pub xml_namespace: Option<XmlNamespace>,
}

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Structure {
        members: &'static [Member],
        /// The member that is the whole body.
        payload: Option<&'static str>,
        /// Exactly one member is present.
        union: bool,
        /// A stream of events, one member each.
        event_stream: bool,
        /// The document's root is the only member, not an element around it.
        unwrapped: bool,
    },
    List {
        member: &'static Shape,
        /// The element around each entry; `member` where the model names none.
        member_name: Option<&'static str>,
        flattened: bool,
    },
    Map {
        key: &'static Shape,
        value: &'static Shape,
        key_name: Option<&'static str>,
        value_name: Option<&'static str>,
        flattened: bool,
    },
    String,
    Boolean,
    Integer,
    Long,
    Float,
    Double,
    Blob,
    Timestamp(Option<TimestampFormat>),
    /// Any JSON value.
    Document,
}

/// A regular expression that the whole value must match.
///
/// The published patterns use look-around here and there, which our engine (linear time) has not; such
/// a pattern is written as one to match and one not to match.
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    /// As published: what messages quote.
    pub source: &'static str,
    pub accept: &'static str,
    pub reject: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XmlNamespace {
    pub prefix: Option<&'static str>,
    pub uri: &'static str,
}

/// An error that operations declare.
#[derive(Debug, Clone, Copy)]
pub struct ErrorShape {
    pub name: &'static str,
    /// What the wire calls it; differs from `name` in the older services.
    pub code: &'static str,
    /// HTTP status; `None` where the model leaves it open (most of S3).
    pub status: Option<u16>,
    /// Whether the caller is at fault, as far as the model says.
    pub sender: bool,
    pub members: &'static [Member],
}

impl Shape {
    const fn new(name: &'static str, kind: Kind) -> Shape {
        Shape {
            name,
            kind,
            min: None,
            max: None,
            pattern: None,
            values: &[],
            sensitive: false,
            location_name: None,
            xml_namespace: None,
        }
    }

    pub const fn structure(name: &'static str, members: &'static [Member]) -> Shape {
        Shape::new(
            name,
            Kind::Structure { members, payload: None, union: false, event_stream: false, unwrapped: false },
        )
    }

    pub const fn list(name: &'static str, member: &'static Shape) -> Shape {
        Shape::new(name, Kind::List { member, member_name: None, flattened: false })
    }

    pub const fn map(name: &'static str, key: &'static Shape, value: &'static Shape) -> Shape {
        Shape::new(name, Kind::Map { key, value, key_name: None, value_name: None, flattened: false })
    }

    pub const fn string(name: &'static str) -> Shape {
        Shape::new(name, Kind::String)
    }

    pub const fn boolean(name: &'static str) -> Shape {
        Shape::new(name, Kind::Boolean)
    }

    pub const fn integer(name: &'static str) -> Shape {
        Shape::new(name, Kind::Integer)
    }

    pub const fn long(name: &'static str) -> Shape {
        Shape::new(name, Kind::Long)
    }

    pub const fn float(name: &'static str) -> Shape {
        Shape::new(name, Kind::Float)
    }

    pub const fn double(name: &'static str) -> Shape {
        Shape::new(name, Kind::Double)
    }

    pub const fn blob(name: &'static str) -> Shape {
        Shape::new(name, Kind::Blob)
    }

    pub const fn timestamp(name: &'static str, format: Option<TimestampFormat>) -> Shape {
        Shape::new(name, Kind::Timestamp(format))
    }

    pub const fn document(name: &'static str) -> Shape {
        Shape::new(name, Kind::Document)
    }

    pub const fn min(mut self, min: f64) -> Shape {
        self.min = Some(min);
        self
    }

    pub const fn max(mut self, max: f64) -> Shape {
        self.max = Some(max);
        self
    }

    pub const fn pattern(self, source: &'static str) -> Shape {
        self.translated_pattern(source, source, None)
    }

    pub const fn translated_pattern(
        mut self,
        source: &'static str,
        accept: &'static str,
        reject: Option<&'static str>,
    ) -> Shape {
        self.pattern = Some(Pattern { source, accept, reject });
        self
    }

    pub const fn values(mut self, values: &'static [&'static str]) -> Shape {
        self.values = values;
        self
    }

    pub const fn sensitive(mut self) -> Shape {
        self.sensitive = true;
        self
    }

    pub const fn location_name(mut self, name: &'static str) -> Shape {
        self.location_name = Some(name);
        self
    }

    pub const fn xml_namespace(mut self, prefix: Option<&'static str>, uri: &'static str) -> Shape {
        self.xml_namespace = Some(XmlNamespace { prefix, uri });
        self
    }

    /// Names the member that is the whole body; for structures.
    pub const fn payload(mut self, name: &'static str) -> Shape {
        if let Kind::Structure { payload, .. } = &mut self.kind {
            *payload = Some(name);
        }
        self
    }

    /// Says that exactly one member is present; for structures.
    pub const fn union(mut self) -> Shape {
        if let Kind::Structure { union, .. } = &mut self.kind {
            *union = true;
        }
        self
    }

    /// Says that the members are events of a stream; for structures.
    pub const fn event_stream(mut self) -> Shape {
        if let Kind::Structure { event_stream, .. } = &mut self.kind {
            *event_stream = true;
        }
        self
    }

    /// Says that the only member is the root of the document; for structures.
    pub const fn unwrapped(mut self) -> Shape {
        if let Kind::Structure { unwrapped, .. } = &mut self.kind {
            *unwrapped = true;
        }
        self
    }

    /// Leaves out the element around the whole; for lists and maps.
    pub const fn flattened(mut self) -> Shape {
        if let Kind::List { flattened, .. } | Kind::Map { flattened, .. } = &mut self.kind {
            *flattened = true;
        }
        self
    }

    /// Names the element around each entry of a list.
    pub const fn member_name(mut self, name: &'static str) -> Shape {
        if let Kind::List { member_name, .. } = &mut self.kind {
            *member_name = Some(name);
        }
        self
    }

    /// Names the elements of a map's keys and values.
    pub const fn entry_names(mut self, key: Option<&'static str>, value: Option<&'static str>) -> Shape {
        if let Kind::Map { key_name, value_name, .. } = &mut self.kind {
            *key_name = key;
            *value_name = value;
        }
        self
    }

    /// The members of a structure; none of anything else.
    pub fn members(&self) -> &'static [Member] {
        match self.kind {
            Kind::Structure { members, .. } => members,
            _ => &[],
        }
    }

    pub fn member(&self, name: &str) -> Option<&'static Member> {
        self.members().iter().find(|member| member.name == name)
    }

    /// The member that is the whole body, if the structure has one.
    pub fn payload_member(&self) -> Option<&'static Member> {
        match self.kind {
            Kind::Structure { payload: Some(name), .. } => self.member(name),
            _ => None,
        }
    }

    /// Whether the body is a blob or an event stream: bytes that never enter the tree.
    pub fn has_blob_payload(&self) -> bool {
        self.payload_member().is_some_and(|member| {
            matches!(member.shape.kind, Kind::Blob | Kind::Structure { event_stream: true, .. })
        })
    }
}
