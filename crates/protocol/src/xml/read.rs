use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

/// Elements within elements, at most. S3's deepest request has 7.
pub const DEPTH_MAX: usize = 64;

/// Elements in a document, at most: ten thousand parts with every checksum, and then some. Bounds the
/// memory of a body of empty elements.
const ELEMENTS_MAX: usize = 250_000;

/// An element with everything inside it.
#[derive(Debug, Default, PartialEq)]
pub struct Element {
    /// Without its prefix: requests name the namespace in many ways or not at all.
    pub name: String,
    /// As written, e.g. `xsi:type`; without the namespace declarations.
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    /// All text directly inside, joined.
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    #[error("the document is not well-formed: {0}")]
    Malformed(String),
    #[error("document type declarations are not accepted")]
    DocumentType,
    #[error("the document nests deeper than {DEPTH_MAX} elements")]
    TooDeep,
    #[error("the document has more than {ELEMENTS_MAX} elements")]
    TooMany,
}

/// Reads one document in UTF-8.
///
/// # Errors
/// Text that is not well-formed, any document type declaration or entity of its own, and documents that
/// nest or grow beyond the bounds above.
pub fn parse(body: &[u8]) -> Result<Element, XmlError> {
    let text = std::str::from_utf8(body).map_err(|_| malformed("the text is not UTF-8"))?;
    let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut elements = 0;
    loop {
        match reader.read_event().map_err(|error| malformed(&error.to_string()))? {
            Event::Start(start) => {
                elements += 1;
                if root.is_some() {
                    return Err(malformed("content after the root element"));
                }
                if open.len() >= DEPTH_MAX {
                    return Err(XmlError::TooDeep);
                }
                if elements > ELEMENTS_MAX {
                    return Err(XmlError::TooMany);
                }
                open.push(element(&start)?);
            }
            Event::End(_) => {
                let Some(done) = open.pop() else { return Err(malformed("an end without a start")) };
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => root = Some(done),
                }
            }
            Event::Text(text) => append(&mut open, &text.xml10_content())?,
            Event::CData(text) => append(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let resolved = reference.resolve_char_ref().map_err(|error| malformed(&error.to_string()))?;
                let text = match resolved {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&reference)
                        .ok_or_else(|| malformed("an entity that is not predefined"))?
                        .to_owned(),
                };
                append(&mut open, &text)?;
            }
            Event::DocType(_) => return Err(XmlError::DocumentType),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::Empty(_) => {}
            Event::Eof => break,
        }
    }
    if !open.is_empty() {
        return Err(malformed("the document ends inside an element"));
    }
    root.ok_or_else(|| malformed("the document has no element"))
}

fn element(start: &BytesStart<'_>) -> Result<Element, XmlError> {
    let mut element = Element { name: local(start.name().0).to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| malformed(&error.to_string()))?;
        let name = attribute.key.0;
        if name == "xmlns" || name.starts_with("xmlns:") {
            continue;
        }
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| malformed(&error.to_string()))?;
        element.attributes.push((name.to_owned(), value.into_owned()));
    }
    Ok(element)
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn append(open: &mut [Element], text: &str) -> Result<(), XmlError> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(malformed("text outside the root element")),
    }
    Ok(())
}

fn malformed(reason: &str) -> XmlError {
    XmlError::Malformed(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(document: &str) -> XmlError {
        parse(document.as_bytes()).expect_err(document)
    }

    #[test]
    fn elements_text_and_attributes_are_read() {
        let document = "<?xml version=\"1.0\"?>\n<a xmlns='urn:x' xmlns:x='urn:y' x:t='1&amp;2'>\
             <b>x &lt;&#233;<![CDATA[<&]]></b><!-- c --><x:c/></a>\n";
        let root = parse(document.as_bytes()).unwrap();
        assert_eq!(root.name, "a");
        assert_eq!(root.attributes, [("x:t".to_owned(), "1&2".to_owned())]);
        assert_eq!(root.children[0].text, "x <é<&");
        assert_eq!(root.children[1].name, "c");
    }

    #[test]
    fn what_is_not_one_plain_document_is_refused() {
        for document in
            ["", "  ", "<a>", "</a>", "<a></b>", "<a/><b/>", "text", "<a>&unknown;</a>", "<a b='&c;'/>", "<a"]
        {
            assert!(matches!(refused(document), XmlError::Malformed(_)), "{document}");
        }
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>";
        assert_eq!(refused(bomb), XmlError::DocumentType);
        assert_eq!(refused(&"<a>".repeat(100_000)), XmlError::TooDeep);
        let wide = format!("<a>{}</a>", "<b/>".repeat(ELEMENTS_MAX));
        assert_eq!(refused(&wide), XmlError::TooMany);
    }
}
