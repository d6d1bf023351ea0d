//! Numbers from texts and from bytes: what is read is written as it was, and bytes sort as numbers do.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tables::number::Number;

fuzz_target!(|input: (&str, &str, &[u8])| {
    let (left, right, bytes) = input;
    if let Ok((number, len)) = Number::decode(bytes) {
        assert_eq!(number.encode().as_bytes(), &bytes[..len]);
    }
    let Ok(left) = left.parse::<Number>() else { return };
    assert_eq!(left.to_string().parse(), Ok(left));
    assert_eq!(Number::decode(left.encode().as_bytes()), Ok((left, left.encode().as_bytes().len())));
    let Ok(right) = right.parse::<Number>() else { return };
    if let Ok(sum) = left.checked_add(right) {
        assert_eq!(sum.checked_sub(right), Ok(left));
    }
    if let Ok(difference) = left.checked_sub(right) {
        assert_eq!(left.cmp(&right), difference.cmp(&Number::ZERO));
    }
});
