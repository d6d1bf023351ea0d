use bytes::{Buf, Bytes, BytesMut};

/// One message of a channel.
///
/// On the wire: `u32` length of all that follows, `u8` kind, `u32` length of the header, the header (JSON,
/// or nothing), the body; numbers little-endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: Kind,
    pub header: Bytes,
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Whole(Bytes),
    /// It had this many bytes, more than [`BODY_BYTES_MAX`], and was thrown away.
    TooLarge(u64),
}

/// The first three go to the process, the others come from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// What a generic process needs to become the process of one function.
    Specialise = 1,
    Invoke = 2,
    /// A process that was initialised ahead goes on: its hooks for that run, and it says [`Kind::Ready`] again.
    Restore = 3,
    /// The code is loaded; the first event may come.
    Ready = 16,
    InitError = 17,
    Response = 18,
    Error = 19,
    StreamStart = 20,
    StreamChunk = 21,
    StreamEnd = 22,
    /// Nothing of the invocation is left to do.
    Next = 23,
    /// A generic process waits for [`Kind::Specialise`].
    Loaded = 24,
}

/// The largest body that is kept, in bytes.
pub const BODY_BYTES_MAX: usize = crate::api::RESPONSE_BYTES_MAX;

/// The largest header, in bytes.
pub const HEADER_BYTES_MAX: usize = 64 << 10;

/// Kind and the header's length.
const AFTER_LENGTH: usize = 5;
const PREFIX: usize = 4 + AFTER_LENGTH;

/// Bytes that cannot be a frame. What follows them means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a frame of a channel")]
pub struct Malformed;

/// Everything of a frame but its body, which follows it on the wire.
///
/// # Panics
/// Not for headers of at most [`HEADER_BYTES_MAX`] and bodies of at most 4 GiB less that.
pub fn encode(kind: Kind, header: &[u8], body_size: usize) -> Vec<u8> {
    let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = Vec::with_capacity(PREFIX + header.len());
    bytes.extend_from_slice(&size(AFTER_LENGTH + header.len() + body_size));
    bytes.push(kind as u8);
    bytes.extend_from_slice(&size(header.len()));
    bytes.extend_from_slice(header);
    bytes
}

/// Makes frames of bytes as they come, however they were cut. Holds at most one frame and what was read
/// after it.
#[derive(Debug, Default)]
pub struct Decoder {
    received: BytesMut,
    skipping: Option<Skipping>,
}

/// A frame whose body is being thrown away.
#[derive(Debug)]
struct Skipping {
    kind: Kind,
    header: Bytes,
    size: u64,
    left: u64,
}

/// Room for one reading.
const READ_BYTES: usize = 4 << 10;

impl Decoder {
    /// Where to put the next bytes that were received: append only. Has room for more.
    pub fn buffer(&mut self) -> &mut BytesMut {
        let wanted = match self.prefix() {
            Some(Ok(prefix)) if prefix.body <= BODY_BYTES_MAX => PREFIX + prefix.header + prefix.body,
            _ => 0,
        };
        let missing = wanted.saturating_sub(self.received.len());
        self.received.reserve(missing.max(READ_BYTES));
        &mut self.received
    }

    /// The next frame, if all of it has been received.
    ///
    /// # Errors
    /// [`Malformed`], and again for ever after.
    pub fn frame(&mut self) -> Result<Option<Frame>, Malformed> {
        if self.skipping.is_some() {
            return Ok(self.skip());
        }
        let Some(prefix) = self.prefix() else { return Ok(None) };
        let Prefix { kind, header, body } = prefix?;
        let too_large = body > BODY_BYTES_MAX;
        let needed = PREFIX + header + if too_large { 0 } else { body };
        if self.received.len() < needed {
            return Ok(None);
        }
        self.received.advance(PREFIX);
        let header = self.received.split_to(header).freeze();
        if too_large {
            let size = body as u64;
            self.skipping = Some(Skipping { kind, header, size, left: size });
            return Ok(self.skip());
        }
        let body = Body::Whole(self.received.split_to(body).freeze());
        Ok(Some(Frame { kind, header, body }))
    }

    fn skip(&mut self) -> Option<Frame> {
        let skipping = self.skipping.as_mut()?;
        let there = usize::try_from(skipping.left).unwrap_or(usize::MAX).min(self.received.len());
        self.received.advance(there);
        skipping.left -= there as u64;
        if skipping.left > 0 {
            return None;
        }
        let Skipping { kind, header, size, .. } = self.skipping.take()?;
        Some(Frame { kind, header, body: Body::TooLarge(size) })
    }

    /// What the first bytes say of a frame; `None` while they are too few.
    fn prefix(&self) -> Option<Result<Prefix, Malformed>> {
        if self.skipping.is_some() {
            return None;
        }
        let mut bytes = self.received.get(..PREFIX)?;
        let rest = bytes.get_u32_le() as usize;
        let kind = bytes.get_u8();
        let header = bytes.get_u32_le() as usize;
        let body = rest.checked_sub(AFTER_LENGTH).and_then(|rest| rest.checked_sub(header));
        Some(match (Kind::from_byte(kind), body) {
            (Some(kind), Some(body)) if header <= HEADER_BYTES_MAX => Ok(Prefix { kind, header, body }),
            _ => Err(Malformed),
        })
    }
}

/// The sizes are in bytes.
struct Prefix {
    kind: Kind,
    header: usize,
    body: usize,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Kind> {
        Some(match byte {
            1 => Kind::Specialise,
            2 => Kind::Invoke,
            3 => Kind::Restore,
            16 => Kind::Ready,
            17 => Kind::InitError,
            18 => Kind::Response,
            19 => Kind::Error,
            20 => Kind::StreamStart,
            21 => Kind::StreamChunk,
            22 => Kind::StreamEnd,
            23 => Kind::Next,
            24 => Kind::Loaded,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KINDS: [Kind; 12] = [
        Kind::Specialise,
        Kind::Invoke,
        Kind::Restore,
        Kind::Ready,
        Kind::InitError,
        Kind::Response,
        Kind::Error,
        Kind::StreamStart,
        Kind::StreamChunk,
        Kind::StreamEnd,
        Kind::Next,
        Kind::Loaded,
    ];

    /// All frames of `bytes`, given to the decoder in pieces of the sizes that `cuts` repeats.
    fn decoded(bytes: &[u8], cuts: &[usize]) -> Result<Vec<Frame>, Malformed> {
        let (mut decoder, mut frames, mut rest) = (Decoder::default(), Vec::new(), bytes);
        for cut in cuts.iter().cycle() {
            while let Some(frame) = decoder.frame()? {
                frames.push(frame);
            }
            if rest.is_empty() {
                return Ok(frames);
            }
            let (piece, after) = rest.split_at((*cut).clamp(1, rest.len()));
            decoder.buffer().extend_from_slice(piece);
            rest = after;
        }
        Ok(frames)
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in_however_they_were_cut(
            frames in prop::collection::vec(
                (0..KINDS.len(), prop::collection::vec(any::<u8>(), 0..50), prop::collection::vec(any::<u8>(), 0..9000)),
                0..6,
            ),
            cuts in prop::collection::vec(1usize..5000, 1..20),
        ) {
            let mut bytes = Vec::new();
            let mut expected = Vec::new();
            for (kind, header, body) in frames {
                bytes.extend(encode(KINDS[kind], &header, body.len()));
                bytes.extend_from_slice(&body);
                expected.push(Frame { kind: KINDS[kind], header: header.into(), body: Body::Whole(body.into()) });
            }
            prop_assert_eq!(decoded(&bytes, &cuts), Ok(expected));
        }

        #[test]
        fn any_bytes_are_frames_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000), cut in 1usize..50) {
            if let Ok(frames) = decoded(&bytes, &[cut]) {
                prop_assert!(frames.len() * PREFIX <= bytes.len());
            }
        }
    }

    #[test]
    fn a_body_beyond_the_bound_is_measured_and_thrown_away() {
        let largest = vec![1; BODY_BYTES_MAX];
        let bytes = [encode(Kind::Response, b"{}", largest.len()), largest.clone()].concat();
        assert_eq!(decoded(&bytes, &[1 << 20]).unwrap()[0].body, Body::Whole(largest.into()));
        let larger = vec![1; BODY_BYTES_MAX + 1];
        let next = encode(Kind::Next, b"", 0);
        let bytes = [encode(Kind::Response, b"{}", larger.len()), larger, next].concat();
        let frames = decoded(&bytes, &[1 << 20]).unwrap();
        let expected = Frame {
            kind: Kind::Response,
            header: Bytes::from_static(b"{}"),
            body: Body::TooLarge(BODY_BYTES_MAX as u64 + 1),
        };
        assert_eq!((frames.len(), &frames[0], frames[1].kind), (2, &expected, Kind::Next));
    }

    #[test]
    fn what_cannot_be_a_frame_is_refused_for_ever() {
        let large_header = encode(Kind::Ready, &vec![b' '; HEADER_BYTES_MAX + 1], 0);
        for bytes in [
            &[4, 0, 0, 0, 16, 0, 0, 0, 0][..],
            &[5, 0, 0, 0, 99, 0, 0, 0, 0],
            &[6, 0, 0, 0, 16, 2, 0, 0, 0],
            &large_header,
        ] {
            let mut decoder = Decoder::default();
            decoder.buffer().extend_from_slice(bytes);
            assert_eq!((decoder.frame(), decoder.frame()), (Err(Malformed), Err(Malformed)));
        }
    }
}
