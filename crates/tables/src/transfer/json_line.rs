use crate::Refusal;
use crate::value::{Item, ItemRef, Reader, decode_item, write_item};

/// Appends `{"Item":{…}}` and the end of the line.
pub(crate) fn write_json_line(item: ItemRef<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"Item\":");
    write_item(item, out);
    out.extend_from_slice(b"}\n");
}

/// Reads `{"Item": {…}}`.
///
/// # Errors
/// It is not that, or no item.
pub fn read_json_line(line: &str) -> Result<Item, Refusal> {
    let mut reader = Reader::new(line);
    reader.begin_object()?;
    match reader.key(true)? {
        Some(name) if name == "Item" => {}
        _ => return Err(Refusal::validation("The line has no member Item")),
    }
    let item = reader.skip()?;
    if reader.key(false)?.is_some() {
        return Err(Refusal::validation("The line has another member than Item"));
    }
    reader.finish()?;
    decode_item(item)
}
