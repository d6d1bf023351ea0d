use super::failure::failed;
use super::open::{cache, connect};
use crate::health::Health;
use crate::stats::Counters;
use crate::{KvError, SqliteOptions};
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, OpenFlags};
use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Frames the writer may move itself, between two batches: few enough not to be felt (1 MiB).
const FINISH_FRAMES_MAX: u64 = 256;
/// Rounds that try to catch up with a writer that never rests, before the writer is asked for the end.
const ROUNDS_MAX: usize = 8;
/// Times the checkpoint size at which the log is restarted even if that means to wait for readers.
const OVERFLOW_FACTOR: u64 = 16;

/// Moves the log into the main file, on a thread and a connection of its own.
///
/// SQLite starts the log over only when all of it was moved and the writer then begins anew. Moving
/// does not hold up the writer (mode PASSIVE), so a busy writer stays ahead forever; when little is
/// left the writer moves that between two batches, and the log is short again.
pub(super) struct Checkpointer {
    log: Arc<Log>,
    thread: RefCell<Option<JoinHandle<()>>>,
}

/// The write-ahead log's length, told by the writer after each commit.
pub(super) struct Log {
    frames: AtomicU64,
    /// Set when the writer is to move the rest.
    finish: AtomicBool,
    stopped: AtomicBool,
    threshold_frames: u64,
    wake: SyncSender<()>,
    counters: Arc<Counters>,
}

impl Checkpointer {
    pub(super) fn start(
        path: &Path,
        options: &SqliteOptions,
        health: &Health,
        counters: &Arc<Counters>,
    ) -> Result<Self, KvError> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0")
            .map_err(failed("preparing the store"))?;
        // Pages go from file to file; nothing is worth keeping.
        cache(&connection, 0)?;
        let page_bytes: u64 = connection
            .pragma_query_value(None, "page_size", |row| row.get::<_, u32>(0))
            .map_err(failed("preparing the store"))?
            .into();
        let (wake, woken) = sync_channel(1);
        let log = Arc::new(Log {
            frames: AtomicU64::new(0),
            finish: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            threshold_frames: (options.checkpoint_bytes / page_bytes.max(1)).max(1),
            wake,
            counters: Arc::clone(counters),
        });
        let body = {
            let (log, health) = (Arc::clone(&log), health.clone());
            move || watch_log(&log, &connection, &woken, &health)
        };
        let thread = std::thread::Builder::new().name("kv-checkpoint".to_owned()).spawn(body);
        let thread =
            thread.map_err(|error| KvError::Io { doing: "starting a thread", reason: error.to_string() })?;
        Ok(Checkpointer { log, thread: RefCell::new(Some(thread)) })
    }

    pub(super) fn log(&self) -> Arc<Log> {
        Arc::clone(&self.log)
    }

    /// Moves the rest of the log, if that was asked for, on the writer's own connection.
    pub(super) fn finish_on(&self, writer: &Connection) -> Result<(), KvError> {
        if !self.log.finish.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let overflown = self.log.frames() > self.log.threshold_frames.saturating_mul(OVERFLOW_FACTOR);
        let mode = if overflown { CheckpointMode::RESTART } else { CheckpointMode::PASSIVE };
        checkpoint(writer, mode, &self.log.counters).map(drop)
    }

    /// Waits for the thread to end.
    pub(super) fn stop(&self) {
        self.log.stopped.store(true, Ordering::Release);
        self.log.wake();
        if let Some(thread) = self.thread.take() {
            // The thread's panic, if any, was already reported by the panic hook.
            let _ = thread.join();
        }
    }

    /// Leaves everything in the main file, so that a closed store is one file.
    pub(super) fn empty_log(writer: &Connection) -> Result<(), KvError> {
        let moved = writer.wal_checkpoint_v2(Some(rusqlite::MAIN_DB), CheckpointMode::TRUNCATE);
        moved.map(drop).map_err(failed("emptying the log"))
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Log {
    pub(super) fn has_frames(&self, frames: i32) {
        let frames = u64::try_from(frames).unwrap_or(0);
        self.frames.store(frames, Ordering::Release);
        if frames >= self.threshold_frames {
            self.wake();
        }
    }

    fn frames(&self) -> u64 {
        self.frames.load(Ordering::Acquire)
    }

    fn wake(&self) {
        // Full means that a wake already waits.
        let _ = self.wake.try_send(());
    }
}

fn watch_log(log: &Log, connection: &Connection, woken: &Receiver<()>, health: &Health) {
    while woken.recv().is_ok() && !log.stopped.load(Ordering::Acquire) {
        if log.finish.load(Ordering::Acquire) {
            continue;
        }
        if let Err(error) = catch_up(log, connection) {
            tracing::error!(%error, "a checkpoint failed; the log keeps what it holds");
            if let KvError::Poisoned(reason) = error {
                health.poison(reason);
                return;
            }
        }
    }
}

fn catch_up(log: &Log, connection: &Connection) -> Result<(), KvError> {
    for _ in 0..ROUNDS_MAX {
        let moved = checkpoint(connection, CheckpointMode::PASSIVE, &log.counters)?;
        let left = log.frames().saturating_sub(moved);
        if left == 0 || log.stopped.load(Ordering::Acquire) {
            return Ok(());
        }
        if left <= FINISH_FRAMES_MAX {
            break;
        }
    }
    log.finish.store(true, Ordering::Release);
    Ok(())
}

/// Frames of the log that the main file now has.
fn checkpoint(connection: &Connection, mode: CheckpointMode, counters: &Counters) -> Result<u64, KvError> {
    let moved = connection.wal_checkpoint_v2(Some(rusqlite::MAIN_DB), mode);
    let (_, moved) = match moved {
        // Somebody else is at it, or a reader is in the way: not an error, there is a next time.
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => return Ok(0),
        moved => moved.map_err(failed("moving the log into the store"))?,
    };
    counters.checkpointed();
    Ok(u64::try_from(moved).unwrap_or(0))
}
