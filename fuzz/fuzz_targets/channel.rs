//! Frames of a channel, as a hostile process may write them: never a panic, never more frames than bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runtime::channel::{Body, Decoder};

fuzz_target!(|data: &[u8]| {
    // The first byte says how the rest is cut.
    let Some((cut, mut rest)) = data.split_first() else { return };
    let (cut, whole) = (usize::from(*cut) + 1, rest.len());
    let (mut decoder, mut frames) = (Decoder::default(), 0);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(cut.min(rest.len()));
        decoder.buffer().extend_from_slice(piece);
        rest = after;
        loop {
            match decoder.frame() {
                Ok(Some(frame)) => {
                    frames += 1;
                    if let Body::Whole(body) = frame.body {
                        assert!(frame.header.len() + body.len() <= whole);
                    }
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
    assert!(frames <= whole);
});
