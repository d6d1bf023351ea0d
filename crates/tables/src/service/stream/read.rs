use super::describe::{Shard, find, sequence};
use super::entry::{Change, decode};
use super::record::StreamRecord;
use crate::service::{Tables, TablesError};
use crate::table::StreamId;
use crate::{Corrupt, Refusal, keys};
use kv::{Read, Snapshot, Watch};

/// Bytes of changes in one page, by DynamoDB's rules; the first change is given whatever its size.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html>
const PAGE_BYTES_MAX: u64 = 1024 * 1024;
/// Changes that are read from the store at once: at first, and at most.
const STEP_FIRST: usize = 16;
const STEP_MAX: usize = 256;

/// Where a reader begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamStart {
    Oldest,
    /// After all there is.
    Latest,
    At(u64),
    After(u64),
}

/// Where a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Before the oldest change there is when it reads.
    Oldest,
    /// Before the change of this sequence.
    At(u64),
}

#[derive(Debug, Clone)]
pub struct ChangePage {
    pub record: StreamRecord,
    pub changes: Vec<Change>,
    /// Where to go on; `None` where the shard ended and all was read.
    pub next: Option<Position>,
}

impl Tables {
    /// Where a reader of a shard is that begins so.
    ///
    /// # Errors
    /// `NoSuchStream`, `Trimmed`, `Refused` for a change that is not there yet; the store fails.
    pub async fn stream_position(
        &self,
        id: StreamId,
        shard: String,
        start: StreamStart,
    ) -> Result<(u32, Position), TablesError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let record = find(snapshot, &id).await?;
                let number = Shard::parse(record.number, &shard)
                    .ok_or_else(|| TablesError::NoSuchStream(format!("{}, shard {shard}", id.arn())))?;
                let Shard { first, next, .. } = Shard::read(snapshot, record.number, number).await?;
                let position = match start {
                    StreamStart::Oldest => return Ok((number, Position::Oldest)),
                    StreamStart::Latest => next,
                    StreamStart::At(sequence) => sequence,
                    StreamStart::After(sequence) => sequence.saturating_add(1),
                };
                if position < first {
                    return Err(TablesError::Trimmed);
                }
                if position > next {
                    return Err(
                        Refusal::validation(format!("Invalid SequenceNumber for the shard {shard}")).into()
                    );
                }
                Ok((number, Position::At(position)))
            })
            .await
    }

    /// At most `limit` changes of a shard, in the order in which they were committed.
    ///
    /// # Errors
    /// `NoSuchStream`, `Trimmed`; the store fails.
    pub async fn read_stream(
        &self,
        id: StreamId,
        shard: u32,
        from: Position,
        limit: usize,
    ) -> Result<ChangePage, TablesError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let record = find(snapshot, &id).await?;
                let Shard { first, next, .. } = Shard::read(snapshot, record.number, shard).await?;
                let at = match from {
                    Position::Oldest => first,
                    Position::At(at) if at < first => return Err(TablesError::Trimmed),
                    Position::At(at) => at,
                };
                let changes = read(snapshot, record.number, shard, at, limit).await?;
                let after = changes.last().map_or(at, |last| last.sequence.saturating_add(1));
                let is_over = record.ended.is_some() && after >= next;
                Ok(ChangePage { changes, next: (!is_over).then_some(Position::At(after)), record })
            })
            .await
    }

    /// Woken by each change that the stream of this number notes.
    pub fn watch_stream(&self, number: u64) -> Watch {
        self.kv.watch(&keys::changes_of(number))
    }
}

async fn read(
    from: &impl Read,
    stream: u64,
    shard: u32,
    at: u64,
    limit: usize,
) -> Result<Vec<Change>, TablesError> {
    let (mut changes, mut bytes) = (Vec::new(), 0u64);
    let all = keys::changes(stream, shard);
    let mut range = all.range();
    range.start = all.clone().number(at).into_bytes();
    loop {
        let each =
            bytes.checked_div(changes.len() as u64).unwrap_or(PAGE_BYTES_MAX / STEP_FIRST as u64).max(1);
        let wanted = usize::try_from((PAGE_BYTES_MAX.saturating_sub(bytes)) / each).unwrap_or(STEP_MAX);
        let step = wanted.clamp(1, STEP_MAX).min(limit.saturating_sub(changes.len()));
        let entries = from.range(&range, step).await?;
        for (key, entry) in &entries {
            let change = decode(sequence(key).ok_or(Corrupt)?, entry)?;
            bytes = bytes.saturating_add(change.size());
            if bytes > PAGE_BYTES_MAX && !changes.is_empty() {
                return Ok(changes);
            }
            changes.push(change);
            range.start = [key, &[0][..]].concat();
        }
        if entries.len() < step || changes.len() >= limit {
            return Ok(changes);
        }
    }
}
