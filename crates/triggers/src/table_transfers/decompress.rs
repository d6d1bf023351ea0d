use flate2::write::MultiGzDecoder;
use std::io::{self, Write};
use tables::Compression;
use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

/// Bytes that one step gives, at most, whatever comes in: a megabyte of a bomb at a time.
const OUT: usize = 64 * 1024;
/// DEFLATE makes 1032 bytes of one, at most.
const GZIP_IN: usize = 1024;

/// Decompresses bytes that come in pieces, a bounded step at a time.
pub(super) enum Decompress {
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Zstd {
        decoder: Decoder<'static>,
        /// A frame was begun and not ended.
        is_within: bool,
    },
}

impl Decompress {
    /// # Errors
    /// There is no memory for it.
    pub fn new(how: Option<Compression>) -> io::Result<Self> {
        Ok(match how {
            None | Some(Compression::None) => Decompress::Plain,
            Some(Compression::Gzip) => Decompress::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
            Some(Compression::Zstd) => Decompress::Zstd { decoder: Decoder::new()?, is_within: false },
        })
    }

    /// Takes some of `input` and answers what that gives; nothing of either where all is done.
    ///
    /// # Errors
    /// It is not compressed so.
    pub fn step(&mut self, input: &mut &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Decompress::Plain => Ok(std::mem::take(input).to_vec()),
            Decompress::Gzip(decoder) => {
                let (some, rest) = input.split_at(input.len().min(GZIP_IN));
                decoder.write_all(some)?;
                *input = rest;
                Ok(std::mem::take(decoder.get_mut()))
            }
            Decompress::Zstd { decoder, is_within } => {
                let mut out = vec![0; OUT];
                let mut from = InBuffer::around(input);
                let mut to = OutBuffer::around(&mut out[..]);
                let hint = decoder.run(&mut from, &mut to)?;
                let (read, written) = (from.pos(), to.pos());
                if read > 0 || written > 0 {
                    *is_within = hint > 0;
                }
                *input = input.get(read..).unwrap_or_default();
                out.truncate(written);
                Ok(out)
            }
        }
    }

    /// What the end gives.
    ///
    /// # Errors
    /// It is no end.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Decompress::Plain | Decompress::Zstd { is_within: false, .. } => Ok(Vec::new()),
            Decompress::Gzip(decoder) => decoder.finish(),
            Decompress::Zstd { .. } => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::write::GzEncoder;

    fn all(how: Compression, bytes: &[u8], piece: usize) -> io::Result<Vec<u8>> {
        let (mut decompress, mut found) = (Decompress::new(Some(how))?, Vec::new());
        for mut piece in bytes.chunks(piece) {
            loop {
                let step = decompress.step(&mut piece)?;
                assert!(how == Compression::None || step.len() <= 2 * 1024 * 1024, "{how:?} {}", step.len());
                let is_done = piece.is_empty() && step.is_empty();
                found.extend(step);
                if is_done {
                    break;
                }
            }
        }
        found.extend(decompress.finish()?);
        Ok(found)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Twice in a row: both formats may have several parts.
    #[test]
    fn what_is_compressed_comes_back_however_it_comes() {
        let text: Vec<u8> = (0..300_000u32).flat_map(|n| (n % 1000).to_string().into_bytes()).collect();
        let zeros = vec![0; 20 * 1024 * 1024];
        for bytes in [&b""[..], b"abc", &text, &zeros] {
            for (how, compressed) in [
                (Compression::None, bytes.to_vec()),
                (Compression::Gzip, gzip(bytes)),
                (Compression::Zstd, zstd::encode_all(bytes, 3).unwrap()),
            ] {
                for piece in [7, 4096, 1 << 30] {
                    if piece == 7 && compressed.len() > 1 << 20 {
                        continue;
                    }
                    let twice = compressed.repeat(2);
                    assert!(all(how, &twice, piece).unwrap() == bytes.repeat(2), "{how:?} {piece}");
                }
            }
        }
    }

    #[test]
    fn what_is_cut_or_broken_is_an_error() {
        for (how, compressed) in [
            (Compression::Gzip, gzip(b"some text")),
            (Compression::Zstd, zstd::encode_all(&b"some text"[..], 3).unwrap()),
        ] {
            assert!(all(how, &compressed[..compressed.len() - 1], 64).is_err(), "{how:?}");
            assert!(all(how, b"some text", 64).is_err(), "{how:?}");
        }
    }
}
