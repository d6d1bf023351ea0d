use crate::at_hand::AtHand;
use crate::engine::{ReadSide, WriteSide};
use crate::health::Health;
use crate::job::Job;
use crate::memory::Memory;
use crate::readers::{ReadQueue, Reader};
use crate::sqlite;
use crate::stats::Counters;
use crate::threads::Threads;
use crate::watch::Watches;
use crate::writer::{self, Writer};
use crate::{KvError, Read, Snapshot, SqliteOptions, Stats, Transaction, Watch};
use bytes::Bytes;
use clock::Clock;
use names::KeyRange;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Transactions, and again reads, that wait at most; callers beyond it wait to be queued.
pub const QUEUE_LENGTH_MAX: usize = 4096;

/// The store. Cheap to clone; when the last clone goes, queued work is done and the files are closed.
#[derive(Clone)]
pub struct Kv(Arc<Handle>);

struct Handle {
    writer: mpsc::Sender<writer::Message>,
    readers: Arc<ReadQueue>,
    at_hand: AtHand,
    writing: Threads,
    reading: Threads,
    counters: Arc<Counters>,
    watches: Watches,
    health: Health,
}

impl Kv {
    /// Opens the store in a directory, which is made when it is not there.
    ///
    /// Blocks while the log of a process that was killed is recovered: seconds at most, as the log is
    /// kept short.
    ///
    /// # Errors
    /// `Locked`, `NotAStore`, or `Io`.
    pub fn open(options: SqliteOptions, clock: Clock) -> Result<Kv, KvError> {
        let (health, counters) = (Health::good(), Arc::default());
        let engine = sqlite::open(&options, &health, &counters)?;
        let at_hand = AtHand::new(engine.at_hand);
        Kv::start(engine.writer, engine.readers, at_hand, health, counters, clock)
    }

    /// A store that lives in memory and ends with its last handle: the oracle of tests.
    pub fn memory() -> Kv {
        let memory = Memory::default();
        let readers = vec![Box::new(memory.reader()) as Box<dyn ReadSide + Send>];
        let at_hand = AtHand::new(vec![Box::new(memory.reader())]);
        let (health, clock) = (Health::good(), Clock::real());
        match Kv::start(Box::new(memory.writer()), readers, at_hand, health, Arc::default(), clock) {
            Ok(kv) => kv,
            // Only tests hold their data in memory.
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn start(
        writer: Box<dyn WriteSide + Send>,
        readers: Vec<Box<dyn ReadSide + Send>>,
        at_hand: AtHand,
        health: Health,
        counters: Arc<Counters>,
        clock: Clock,
    ) -> Result<Kv, KvError> {
        let (to_writer, inbox) = mpsc::channel(QUEUE_LENGTH_MAX);
        let handle = Handle {
            writer: to_writer,
            readers: Arc::new(ReadQueue::new()),
            at_hand,
            writing: Threads::none(),
            reading: Threads::none(),
            counters,
            watches: Watches::default(),
            health,
        };
        let (counters, watches, health) =
            (handle.counters.clone(), handle.watches.clone(), handle.health.clone());
        handle.writing.spawn("kv-writer", move || {
            let engine: Box<dyn WriteSide> = writer;
            Writer { engine: Rc::from(engine), inbox, clock, counters, watches, health, is_closing: false }
                .run();
        })?;
        for engine in readers {
            let queue = Arc::clone(&handle.readers);
            handle.reading.spawn("kv-reader", move || {
                let engine: Box<dyn ReadSide> = engine;
                Reader { engine: Rc::from(engine), queue: &queue }.run();
            })?;
        }
        Ok(Kv(Arc::new(handle)))
    }

    /// Runs `work` as one serialisable transaction; returns once its writes are on disk.
    ///
    /// `Err` of the closure discards its writes. The closure may await nothing but the transaction,
    /// and may run more than once on engines that resolve conflicts by trying again: it owns what it
    /// captures and clones what it stores. When the returned future is dropped, the transaction may
    /// or may not happen.
    ///
    /// # Errors
    /// What the closure answers, or a [`KvError`] after which nothing of it was written (`Io` and
    /// `Poisoned`: nothing was acknowledged, and after a restart it may be found written).
    pub async fn transact<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Transaction) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<KvError> + Send + 'static,
    {
        let (job, answer) = Job::new(work);
        if self.0.writer.send(writer::Message::Transact(job)).await.is_err() {
            return Err(E::from(KvError::Closed));
        }
        answer.await.unwrap_or_else(|_| Err(E::from(KvError::Closed)))
    }

    /// Runs `work` on a snapshot of everything acknowledged before now, beside the writer.
    ///
    /// # Errors
    /// What the closure answers, or a [`KvError`].
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFn(&Snapshot) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<KvError> + Send + 'static,
    {
        let (job, answer) = Job::new(work);
        self.0.readers.push(job).await?;
        answer.await.unwrap_or_else(|_| Err(E::from(KvError::Closed)))
    }

    /// As [`Kv::read`], for a closure that reads a handful of rows: it runs on the calling thread where it can, which
    /// waits for the disk where the rows are not in memory.
    ///
    /// # Errors
    /// As there.
    pub async fn read_few<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFn(&Snapshot) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<KvError> + Send + 'static,
    {
        let (job, answer) = Job::new(work);
        if let Some(job) = self.0.at_hand.run(job) {
            self.0.readers.push(job).await?;
        }
        answer.await.unwrap_or_else(|_| Err(E::from(KvError::Closed)))
    }

    /// One value, on a snapshot of its own.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError> {
        let key = Bytes::copy_from_slice(key);
        self.read(async move |snapshot: &Snapshot| snapshot.get(&key).await).await
    }

    /// The first `limit` entries of `range`, on a snapshot of their own.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn range(&self, range: KeyRange, limit: usize) -> Result<Vec<(Bytes, Bytes)>, KvError> {
        self.read(async move |snapshot: &Snapshot| snapshot.range(&range, limit).await).await
    }

    /// The last `limit` entries of `range`, descending, on a snapshot of their own.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn range_reverse(&self, range: KeyRange, limit: usize) -> Result<Vec<(Bytes, Bytes)>, KvError> {
        self.read(async move |snapshot: &Snapshot| snapshot.range_reverse(&range, limit).await).await
    }

    /// A watch on the keys that begin with `prefix`.
    pub fn watch(&self, prefix: &[u8]) -> Watch {
        self.0.watches.add(prefix)
    }

    pub fn stats(&self) -> Stats {
        self.0.counters.read()
    }

    /// Ready once the disk failed, with what it said. Nothing is acknowledged from then on, and the
    /// right answer is to end the process: the next start recovers.
    pub async fn poisoned(&self) -> KvError {
        self.0.health.poisoned().await
    }

    /// Does what is queued, then closes the files; later calls answer `Closed`. May be called twice.
    pub async fn close(&self) {
        self.0.at_hand.close();
        self.0.readers.close();
        self.0.reading.ended().await;
        // A failed send means that an earlier call got there first; the wait is the same.
        let _ = self.0.writer.send(writer::Message::Close).await;
        self.0.writing.ended().await;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // The writer sees that its channel ended; the readers must be told.
        self.readers.close();
    }
}

impl Read for Kv {
    async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError> {
        Kv::get(self, key).await
    }

    async fn range(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Bytes, Bytes)>, KvError> {
        Kv::range(self, range.clone(), limit).await
    }

    async fn range_reverse(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Bytes, Bytes)>, KvError> {
        Kv::range_reverse(self, range.clone(), limit).await
    }
}
