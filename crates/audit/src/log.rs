use crate::files::Files;
use crate::record::{Decision, Judgement, Record, UserIdentity};
use crate::{Reader, Settings};
use clock::Clock;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// How long records that nobody waits for may gather.
const GATHER: Duration = Duration::from_millis(500);
/// Bytes that may wait to be written (8 MiB); who appends more waits.
const PENDING_BYTES_MAX: usize = 8 << 20;
/// Bytes at which gathering ends.
const GATHER_BYTES_MAX: usize = 1 << 20;
/// Between two attempts while the disk takes nothing.
const RETRY: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, thiserror::Error)]
pub enum AuditError {
    #[error("the audit log cannot be written: {0}")]
    Write(String),
    #[error("the audit log is closed")]
    Closed,
}

/// The writing end. Cheap to clone.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    clock: Clock,
    pending: Mutex<Pending>,
    /// There is something to write.
    begun: Notify,
    /// It is not to wait for more.
    urgent: Notify,
    /// There is room again.
    space: Notify,
    failing: AtomicBool,
    writer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Pending {
    text: Vec<u8>,
    lengths: Vec<usize>,
    waiting: Vec<oneshot::Sender<Result<(), AuditError>>>,
    /// Records that are not there, by why.
    left_out: BTreeMap<&'static str, u64>,
    closing: bool,
}

thread_local! {
    /// A record's JSON on its way.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Log {
    /// Opens the log of a directory, which nobody else may write to. Needs a runtime of Tokio, where it writes
    /// until [`Log::close`].
    ///
    /// # Errors
    /// The directory cannot be made or read.
    pub fn open(directory: &Path, clock: Clock, settings: Settings) -> io::Result<Log> {
        let files = Files::open(directory, clock.clone(), settings)?;
        let inner = Arc::new(Inner {
            directory: directory.to_owned(),
            clock,
            pending: Mutex::default(),
            begun: Notify::new(),
            urgent: Notify::new(),
            space: Notify::new(),
            failing: AtomicBool::new(false),
            writer: Mutex::new(None),
        });
        let writer = tokio::spawn(inner.clone().run(files));
        *inner.writer.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
        Ok(Log(inner))
    }

    /// Of the same files. What was appended lately may not be in them yet.
    pub fn reader(&self) -> Reader {
        Reader::new(&self.0.directory)
    }

    /// Whether the last attempt to write failed: then a call that must be recorded should not be begun.
    pub fn is_failing(&self) -> bool {
        self.0.failing.load(Ordering::Relaxed)
    }

    /// Appends a record, which reaches the file within a second. Waits only while 8 MiB are waiting already.
    ///
    /// Should the disk not take it, it is lost, counted, and the next record that is written tells how many were.
    pub async fn append(&self, record: &Record<'_>) {
        self.room().await;
        self.push(record, None);
    }

    /// As [`Log::append`], for where nobody can wait.
    pub fn append_now(&self, record: &Record<'_>) {
        self.push(record, None);
    }

    /// Appends a record, and returns when it is on disk; one fsync does for all who wait.
    ///
    /// # Errors
    /// The disk does not take it. It may be in the log nevertheless.
    pub async fn append_durable(&self, record: &Record<'_>) -> Result<(), AuditError> {
        self.room().await;
        let (tell, told) = oneshot::channel();
        self.push(record, Some(tell));
        told.await.unwrap_or(Err(AuditError::Closed))
    }

    /// Counts a record that is not there; the next that is written tells how many, and why.
    pub fn leave_out(&self, why: &'static str) {
        let mut pending = self.0.pending();
        let is_first = pending.is_empty();
        *pending.left_out.entry(why).or_default() += 1;
        drop(pending);
        if is_first {
            self.0.begun.notify_one();
        }
    }

    /// Writes what waits, to the disk, and ends. What is appended from now on is lost.
    pub async fn close(&self) {
        self.0.pending().closing = true;
        self.0.begun.notify_one();
        self.0.urgent.notify_one();
        let writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && let Err(error) = writer.await
        {
            tracing::error!(%error, "the audit log ended badly");
        }
    }

    async fn room(&self) {
        loop {
            let mut space = std::pin::pin!(self.0.space.notified());
            space.as_mut().enable();
            {
                let pending = self.0.pending();
                if pending.text.len() < PENDING_BYTES_MAX || pending.closing {
                    return;
                }
            }
            space.await;
        }
    }

    fn push(&self, record: &Record<'_>, tell: Option<oneshot::Sender<Result<(), AuditError>>>) {
        LINE.with_borrow_mut(|line| {
            line.clear();
            let length = record.write(line);
            let is_urgent = tell.is_some();
            let mut pending = self.0.pending();
            if pending.closing {
                return;
            }
            let is_first = pending.is_empty();
            pending.text.extend_from_slice(line);
            pending.lengths.push(length);
            pending.waiting.extend(tell);
            let is_much = pending.text.len() >= GATHER_BYTES_MAX;
            drop(pending);
            if is_first {
                self.0.begun.notify_one();
            }
            if is_urgent || is_much {
                self.0.urgent.notify_one();
            }
        });
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("directory", &self.0.directory).finish_non_exhaustive()
    }
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.lengths.is_empty() && self.left_out.is_empty()
    }
}

impl Inner {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one writer: batch after batch, until it is closed and nothing waits.
    async fn run(self: Arc<Self>, mut files: Files) {
        loop {
            tokio::select! {
                () = self.begun.notified() => {}
                // What was left out waits to be told, and doing so tries the disk.
                () = self.clock.sleep(RETRY), if self.failing.load(Ordering::Relaxed) => {}
            }
            if !self.pending().closing {
                tokio::select! {
                    biased;
                    () = self.urgent.notified() => {}
                    () = self.clock.sleep(GATHER) => {}
                }
            }
            let mut batch = std::mem::take(&mut *self.pending());
            let closing = batch.closing;
            self.pending().closing = closing;
            self.space.notify_waiters();
            if !batch.is_empty() {
                let sync = closing || !batch.waiting.is_empty();
                self.tell_of_left_out(&mut batch);
                let writing = tokio::task::spawn_blocking(move || {
                    let outcome = files.write(&batch.text, &batch.lengths, sync);
                    (files, batch, outcome)
                });
                let Ok((returned, written, outcome)) = writing.await else {
                    tracing::error!("the audit log's writer panicked; nothing is recorded any more");
                    self.failing.store(true, Ordering::Relaxed);
                    self.pending().closing = true;
                    return;
                };
                (files, batch) = (returned, written);
                self.settle(batch, outcome);
            }
            if closing {
                if let Err(error) = files.sync() {
                    tracing::error!(%error, "the end of the audit log may not be on disk");
                }
                return;
            }
        }
    }

    fn settle(&self, batch: Pending, outcome: io::Result<()>) {
        let Pending { lengths, waiting, left_out, .. } = batch;
        let was_failing = self.failing.swap(outcome.is_err(), Ordering::Relaxed);
        let answer = match outcome {
            Ok(()) => {
                if was_failing {
                    tracing::info!("the audit log is written again");
                }
                Ok(())
            }
            Err(error) => {
                if !was_failing {
                    tracing::error!(%error, "the audit log cannot be written; calls that change something are refused");
                }
                let told = left_out.values().any(|count| *count > 0);
                let lost = lengths.len().saturating_sub(usize::from(told));
                let mut pending = self.pending();
                for (why, count) in left_out.into_iter().chain([("notWritten", lost as u64)]) {
                    if count > 0 {
                        *pending.left_out.entry(why).or_default() += count;
                    }
                }
                Err(AuditError::Write(error.to_string()))
            }
        };
        for waiter in waiting {
            // Whoever went away needs no answer.
            let _ = waiter.send(answer.clone());
        }
    }

    /// Puts a record of what was left out behind the others.
    fn tell_of_left_out(&self, batch: &mut Pending) {
        if batch.left_out.is_empty() {
            return;
        }
        let record = Record {
            event_version: "1.11".into(),
            user_identity: UserIdentity { kind: "AWSService".into(), ..UserIdentity::default() },
            event_time: self.clock.now().to_iso8601().into(),
            event_source: "zerun".into(),
            event_name: "RecordsLeftOut".into(),
            request_id: "-".into(),
            event_id: self.clock.uuid().into(),
            event_type: "AwsServiceEvent".into(),
            read_only: true,
            management_event: true,
            zerun: Judgement {
                decision: Decision::None,
                left_out: batch.left_out.iter().map(|(why, count)| ((*why).to_owned(), *count)).collect(),
                ..Judgement::default()
            },
            ..Record::default()
        };
        let length = record.write(&mut batch.text);
        batch.lengths.push(length);
    }
}

#[cfg(test)]
mod tests;
