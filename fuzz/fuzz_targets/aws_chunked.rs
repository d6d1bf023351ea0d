//! Chunk framing from a hostile client, cut into pieces anywhere.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use protocol::payload::ChunkDecoder;

fuzz_target!(|input: (bool, u8, Vec<u8>)| {
    let (trailer, piece, body) = input;
    let mut decoder = ChunkDecoder::new(None, trailer.then(|| vec!["x-amz-checksum-crc32".to_owned()]));
    let mut length = 0;
    for piece in body.chunks(usize::from(piece).max(1)) {
        let mut piece = Bytes::copy_from_slice(piece);
        loop {
            match decoder.next(&mut piece) {
                Ok(Some(data)) => length += data.len(),
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
    assert!(length <= body.len());
    let _ = decoder.finish();
});
