use super::LogLine;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use tokio::sync::mpsc;

/// Lines that may wait for the receiver.
const LINES_MAX: usize = 8192;

/// Bytes of text that may wait for the receiver.
const BYTES_MAX: usize = 16 << 20;

/// Makes a bounded channel for log lines: at most 8,192 lines and 16 MiB wait in it.
///
/// A line that finds it full is dropped and counted: a function that floods its output must neither
/// fill the machine's memory nor stop other functions' invocations.
pub fn channel() -> (LogSink, LogReceiver) {
    let (sender, receiver) = mpsc::channel(LINES_MAX);
    let waiting = Arc::new(Waiting::default());
    (LogSink { sender, waiting: waiting.clone() }, LogReceiver { receiver, waiting })
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: AtomicUsize,
    dropped: AtomicU64,
    unheard: AtomicBool,
}

/// The sending end; cheap to clone, never blocks.
#[derive(Debug, Clone)]
pub struct LogSink {
    sender: mpsc::Sender<LogLine>,
    waiting: Arc<Waiting>,
}

impl LogSink {
    /// Hands `line` over. `false`: the channel is full or its receiver is gone, and the line is dropped.
    #[must_use]
    pub fn write(&self, line: LogLine) -> bool {
        let size = line.text.len();
        let before = self.waiting.bytes.fetch_add(size, Ordering::Relaxed);
        let fits = before.saturating_add(size) <= BYTES_MAX;
        let written = fits && self.sender.try_send(line).is_ok();
        if !written {
            self.waiting.bytes.fetch_sub(size, Ordering::Relaxed);
            self.waiting.dropped.fetch_add(1, Ordering::Relaxed);
        }
        written
    }

    /// Whether anybody reads what is written: if not, there is no need to make lines.
    pub fn is_heard(&self) -> bool {
        !self.waiting.unheard.load(Ordering::Relaxed)
    }

    /// Lines dropped since the channel was made.
    pub fn dropped(&self) -> u64 {
        self.waiting.dropped.load(Ordering::Relaxed)
    }
}

/// The receiving end. It must be read all the time; dropping it discards all lines from then on.
#[derive(Debug)]
pub struct LogReceiver {
    receiver: mpsc::Receiver<LogLine>,
    waiting: Arc<Waiting>,
}

impl LogReceiver {
    /// Lets the writers know that nothing is done with their lines. What comes all the same is to be read.
    pub fn ignore(&self) {
        self.waiting.unheard.store(true, Ordering::Relaxed);
    }

    /// The next line, or `None` when every sink is gone. Cancel-safe.
    pub async fn recv(&mut self) -> Option<LogLine> {
        let line = self.receiver.recv().await?;
        self.waiting.bytes.fetch_sub(line.text.len(), Ordering::Relaxed);
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogSource;
    use clock::Timestamp;

    fn line(text: String) -> LogLine {
        let source = LogSource {
            function_arn: "arn".into(),
            version: "$LATEST".into(),
            log_group: "g".into(),
            log_stream: "s".into(),
        };
        LogLine { at: Timestamp::EPOCH, source: Arc::new(source), request_id: None, text }
    }

    #[tokio::test]
    async fn a_full_channel_drops_and_counts() {
        let (sink, mut receiver) = channel();
        let written = (0..20).filter(|_| sink.write(line("x".repeat(1 << 20)))).count();
        assert_eq!(written, 16);
        assert_eq!(sink.dropped(), 4);
        for _ in 0..16 {
            assert!(receiver.recv().await.is_some());
        }
        assert!(sink.write(line("again".into())));
        assert_eq!(receiver.recv().await.map(|l| l.text).as_deref(), Some("again"));
        assert_eq!(sink.dropped(), 4);
    }
}
