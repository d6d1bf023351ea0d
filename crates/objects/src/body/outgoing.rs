use super::stored::inline_bytes;
use crate::record::{Body, ObjectRecord, PartRecord};
use crate::{Objects, ObjectsError, PARTS_MAX, keys};
use blob::BlobId;
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use kv::Read;
use std::ops::Range;

/// Bytes on their way out. Memory in use does not grow with their number.
pub struct OutgoingBody {
    /// Bytes that will come, unless the stream fails.
    pub length: u64,
    pub stream: BoxStream<'static, Result<Bytes, ObjectsError>>,
}

/// A piece of a body, as one snapshot has it.
#[derive(Debug, Clone)]
pub(crate) enum Segment {
    Bytes(Bytes),
    Blob(BlobId, Range<u64>),
}

impl Segment {
    /// The segments that hold `range` of the object's bytes.
    pub(crate) async fn of(
        read: &impl Read,
        object: &ObjectRecord,
        range: Range<u64>,
    ) -> Result<Vec<Segment>, ObjectsError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        match &object.body {
            Body::Parts(upload) => {
                let parts = keys::parts(upload).range();
                let parts = kv::range_records::<PartRecord>(read, &parts, PARTS_MAX).await?;
                let mut segments = Vec::new();
                let mut start = 0;
                for (_, part) in parts {
                    let end = start + part.size;
                    let wanted = range.start.max(start)..range.end.min(end);
                    if !wanted.is_empty() {
                        let wanted = wanted.start - start..wanted.end - start;
                        segments.extend(Segment::simple(read, &part.body, wanted).await?);
                    }
                    start = end;
                }
                Ok(segments)
            }
            simple => Ok(Segment::simple(read, simple, range).await?.into_iter().collect()),
        }
    }

    fn blob(&self) -> Option<BlobId> {
        match self {
            Segment::Bytes(_) => None,
            Segment::Blob(id, _) => Some(*id),
        }
    }

    async fn simple(
        read: &impl Read,
        body: &Body,
        range: Range<u64>,
    ) -> Result<Option<Segment>, ObjectsError> {
        Ok(match body {
            Body::Empty | Body::Parts(_) => None,
            Body::Inline(id) => {
                let bytes = inline_bytes(read, id).await?;
                let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Some(Segment::Bytes(bytes.slice(at(range.start)..at(range.end))))
            }
            Body::Blob(id) => Some(Segment::Blob(*id, range)),
        })
    }
}

/// Streams the segments one after the other.
///
/// The first blob is opened at once, so that a failure there is still an error and not a torn body.
/// Later ones are opened when their turn comes; they are pinned until then, so that who began to read
/// an object reads it whole, however slowly, when it is overwritten meanwhile.
pub(crate) async fn open(
    objects: &Objects,
    segments: Vec<Segment>,
    length: u64,
) -> Result<OutgoingBody, ObjectsError> {
    let pin = objects.blobs.pin(segments.iter().filter_map(Segment::blob).collect());
    let mut segments = segments.into_iter();
    let Some(first) = segments.next() else {
        return Ok(OutgoingBody { length, stream: futures_util::stream::empty().boxed() });
    };
    let first = open_one(objects.clone(), first).await?;
    let objects = objects.clone();
    let rest = futures_util::stream::iter(segments)
        .then(move |segment| open_one(objects.clone(), segment))
        .try_flatten();
    let stream = first.chain(rest).inspect(move |_| {
        let _held_as_long_as_the_stream = &pin;
    });
    Ok(OutgoingBody { length, stream: stream.boxed() })
}

async fn open_one(
    objects: Objects,
    segment: Segment,
) -> Result<BoxStream<'static, Result<Bytes, ObjectsError>>, ObjectsError> {
    match segment {
        Segment::Bytes(bytes) => Ok(futures_util::stream::iter([Ok(bytes)]).boxed()),
        Segment::Blob(id, range) => {
            let stream = objects.blobs.open(&id, range).await?;
            Ok(stream.map_err(ObjectsError::from).boxed())
        }
    }
}
