//! Lines that tables are imported from: whatever comes, in whatever pieces, is an item or refused, and never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tables::transfer::{CsvHeader, LINE_BYTES_MAX, Line, Lines, fields, read_ion_line, read_json_line};

fuzz_target!(|input: (&[u8], u8, bool, char)| {
    let (bytes, piece, quotes, delimiter) = input;
    let (mut whole, mut pieces) = (Lines::new(quotes), Lines::new(quotes));
    let mut expected = whole.push(bytes);
    expected.extend(whole.finish());
    let mut found = Vec::new();
    for piece in bytes.chunks(usize::from(piece).max(1)) {
        found.extend(pieces.push(piece));
    }
    found.extend(pieces.finish());
    assert_eq!(found, expected);
    let mut header = None;
    for line in &found {
        let Line::Whole(line) = line else { continue };
        assert!(line.len() <= LINE_BYTES_MAX);
        let Ok(text) = std::str::from_utf8(line) else { continue };
        let _ = (read_json_line(text), read_ion_line(text), read_ion_line(&format!("{{Item:{{a:{text}}}}}")));
        if let Some(header) = &header {
            let _ = CsvHeader::read(header, text, delimiter);
        } else if let Ok(names) = fields(text, delimiter) {
            let names = names.into_iter().map(|name| name.into_owned()).collect();
            header = CsvHeader::new(names, &[]).ok();
        }
    }
});
