use super::ErrorReport;
use bytes::{Bytes, BytesMut};
use tokio::sync::{mpsc, watch};

/// The largest answer in streaming mode, in bytes: 200 MiB
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html>).
pub const STREAM_BYTES_MAX: u64 = 200 << 20;

/// The largest chunk that a reader gets, in bytes.
pub const CHUNK_BYTES_MAX: usize = 64 << 10;

/// Chunks that may wait for the reader: with [`CHUNK_BYTES_MAX`], at most 1 MiB an invocation. Beyond, the
/// process has to wait.
const CHUNKS_WAITING_MAX: usize = 16;

/// An answer in streaming mode, arriving while the process still makes it. Dropping it discards what is
/// still to come; it does not stop the process.
///
/// The process is held back while nobody reads here, so whoever waits for it to go on must see to it
/// that somebody does.
#[derive(Debug)]
pub struct ResponseStream {
    pub content_type: String,
    chunks: mpsc::Receiver<Bytes>,
    end: StreamEnding,
}

/// The end of a stream, for those who do not read it.
#[derive(Debug, Clone)]
pub struct StreamEnding(watch::Receiver<Option<(StreamEnd, u64)>>);

/// How a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEnd {
    Complete,
    /// The code failed after its first bytes.
    BrokenOff(ErrorReport),
    /// It had more than [`STREAM_BYTES_MAX`]; what is beyond was thrown away.
    TooLarge,
    /// The process or its connection went away inside the stream.
    Truncated,
}

impl ResponseStream {
    /// A stream and the end that fills it.
    pub(crate) fn new(content_type: String) -> (StreamWriter, ResponseStream) {
        let (sender, chunks) = mpsc::channel(CHUNKS_WAITING_MAX);
        let (ended, end) = watch::channel(None);
        let writer = StreamWriter { sender, ended, size: 0, waiting: Bytes::new() };
        (writer, ResponseStream { content_type, chunks, end: StreamEnding(end) })
    }

    /// The next bytes, at least one and at most [`CHUNK_BYTES_MAX`]; `None` at the end. Cancel-safe.
    pub async fn chunk(&mut self) -> Option<Bytes> {
        self.chunks.recv().await
    }

    /// The next bytes, if they have arrived already.
    pub fn arrived(&mut self) -> Option<Bytes> {
        self.chunks.try_recv().ok()
    }

    /// How it ended; resolves once it has. What was not read by then is thrown away.
    pub async fn end(mut self) -> StreamEnd {
        self.chunks.close();
        self.end.wait().await.0
    }

    /// The end alone, which comes when all that is to be read has arrived.
    pub fn ending(&self) -> StreamEnding {
        self.end.clone()
    }

    /// Reads all of it, keeping at most `max` bytes: the bytes kept, the size of the whole, and how it ended.
    pub async fn collect(mut self, max: usize) -> (Bytes, u64, StreamEnd) {
        let (mut kept, mut size) = (BytesMut::new(), 0);
        while let Some(chunk) = self.chunk().await {
            size += chunk.len() as u64;
            kept.extend_from_slice(chunk.get(..max.saturating_sub(kept.len())).unwrap_or(&chunk));
        }
        (kept.freeze(), size, self.end().await)
    }
}

impl StreamEnding {
    /// Resolves once the stream has ended: how, and how many bytes the process sent.
    pub async fn wait(&mut self) -> (StreamEnd, u64) {
        let end = self.0.wait_for(Option::is_some).await.ok().and_then(|end| end.clone());
        // The writer was dropped without a word.
        end.unwrap_or((StreamEnd::Truncated, 0))
    }
}

/// Fills a [`ResponseStream`]. Dropped without [`StreamWriter::end`], it ends the stream as truncated.
#[derive(Debug)]
pub(crate) struct StreamWriter {
    sender: mpsc::Sender<Bytes>,
    ended: watch::Sender<Option<(StreamEnd, u64)>>,
    /// Bytes taken so far.
    size: u64,
    /// Taken, but not handed to the reader yet.
    waiting: Bytes,
}

impl StreamWriter {
    /// Takes bytes, to be handed over by [`StreamWriter::flush`] before there are more.
    pub fn take(&mut self, bytes: Bytes) {
        debug_assert!(self.waiting.is_empty(), "flushed before");
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size <= STREAM_BYTES_MAX {
            self.waiting = bytes;
        }
    }

    /// Waits until the reader has room for what was taken. Cancel-safe. Returns at once when nobody reads
    /// any more.
    pub async fn flush(&mut self) {
        while !self.waiting.is_empty() {
            match self.sender.reserve().await {
                Ok(place) => place.send(self.waiting.split_to(self.waiting.len().min(CHUNK_BYTES_MAX))),
                Err(_) => self.waiting.clear(),
            }
        }
    }

    /// Everything that was taken has been flushed: says how it ended.
    pub fn end(self, end: StreamEnd) {
        let end = if self.size > STREAM_BYTES_MAX { StreamEnd::TooLarge } else { end };
        self.ended.send_replace(Some((end, self.size)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_holds_its_writer_back_and_tells_its_end() {
        let (mut writer, mut stream) = ResponseStream::new("text/plain".to_owned());
        let all = CHUNKS_WAITING_MAX * CHUNK_BYTES_MAX;
        writer.take(vec![b'x'; all + 1].into());
        let waits = tokio::select! {
            biased;
            () = writer.flush() => false,
            () = std::future::ready(()) => true,
        };
        assert!(waits, "a full stream takes no more");
        assert_eq!(stream.chunk().await.map(|chunk| chunk.len()), Some(CHUNK_BYTES_MAX));
        writer.flush().await;
        writer.end(StreamEnd::Complete);
        let (kept, size, end) = stream.collect(10).await;
        assert_eq!(
            (&kept[..], size, end),
            (&[b'x'; 10][..], (all + 1 - CHUNK_BYTES_MAX) as u64, StreamEnd::Complete)
        );
    }

    #[tokio::test]
    async fn nobody_reading_holds_nobody_back_and_nobody_writing_is_truncated() {
        let (mut writer, stream) = ResponseStream::new(String::new());
        drop(stream);
        writer.take(vec![0; 10 << 20].into());
        writer.flush().await;
        let (writer, stream) = ResponseStream::new(String::new());
        drop(writer);
        assert_eq!(stream.collect(1).await, (Bytes::new(), 0, StreamEnd::Truncated));
    }

    #[tokio::test]
    async fn what_is_beyond_the_bound_is_thrown_away() {
        let (mut writer, stream) = ResponseStream::new(String::new());
        let reader = tokio::spawn(stream.collect(0));
        let piece = Bytes::from(vec![0; 1 << 20]);
        for _ in 0..201 {
            writer.take(piece.clone());
            writer.flush().await;
        }
        writer.end(StreamEnd::Complete);
        assert_eq!(reader.await.unwrap(), (Bytes::new(), STREAM_BYTES_MAX, StreamEnd::TooLarge));
    }
}
