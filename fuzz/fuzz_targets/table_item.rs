//! Items from the wire and from the store: what is read comes back, and broken bytes are no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tables::value::{ItemRef, decode_item, equal, write_item};

fuzz_target!(|input: (&str, &[u8])| {
    let (text, bytes) = input;
    if let Ok(item) = decode_item(text) {
        let mut json = Vec::new();
        write_item(item.view(), &mut json);
        let again = decode_item(std::str::from_utf8(&json).expect("UTF-8")).expect("what is written is read");
        assert_eq!(again.as_bytes(), item.as_bytes());
        let size: u32 = item.view().attributes().map(|(name, value)| name.len() as u32 + value.size()).sum();
        assert_eq!(item.view().size(), size);
        for (name, value) in item.view().attributes() {
            assert!(equal(item.view().get(name).expect("an attribute"), value));
        }
    }
    if let Ok(view) = ItemRef::from_stored(bytes) {
        write_item(view, &mut Vec::new());
        for (_, value) in view.attributes() {
            let _ = (value.size(), equal(value, value), value.members().count());
        }
    }
});
