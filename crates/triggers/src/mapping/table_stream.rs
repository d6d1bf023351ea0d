//! Streams of tables, as logs.

use super::log::{Log, LogPage, LogRecord};
use super::{MappingError, Start};
use crc_fast::CrcAlgorithm;
use kv::Watch;
use tables::{Position, Shard, StreamId, StreamStart, Tables, TablesError};

#[derive(Clone)]
pub(super) struct TableStream {
    pub tables: Tables,
    pub id: StreamId,
}

impl Log for TableStream {
    async fn shards(&self) -> Result<Vec<u32>, MappingError> {
        let info = self.tables.describe_stream(self.id.clone()).await?;
        Ok(info.shards.iter().map(|shard| shard.number).collect())
    }

    async fn start(&self, shard: u32, start: Start) -> Result<u64, MappingError> {
        let info = self.tables.describe_stream(self.id.clone()).await?;
        let shard = Shard::id(info.record.number, shard);
        let start = match start {
            Start::Oldest => StreamStart::Oldest,
            Start::Latest => StreamStart::Latest,
        };
        match self.tables.stream_position(self.id.clone(), shard, start).await? {
            (_, Position::At(next)) => Ok(next),
            (_, Position::Oldest) => Ok(0),
        }
    }

    async fn read(&self, shard: u32, from: u64, limit: usize) -> Result<LogPage, MappingError> {
        let read = |at| self.tables.read_stream(self.id.clone(), shard, at, limit);
        // 0 is before the first there is.
        let page = match read(if from == 0 { Position::Oldest } else { Position::At(from) }).await {
            Err(TablesError::Trimmed) => {
                tracing::warn!(stream = %self.id.arn(), "changes were trimmed before a function saw them");
                read(Position::Oldest).await?
            }
            page => page?,
        };
        let next = match page.next {
            Some(Position::At(next)) => next,
            _ => page.changes.last().map_or(from, |last| last.sequence.saturating_add(1)),
        };
        let records = page.changes.iter().map(|change| {
            let id = tables::sequence_number(change.sequence);
            let mut event = Vec::new();
            tables::write_change(&self.id, shard, change, page.record.view, true, &mut event);
            let event = String::from_utf8_lossy(&event).into_owned();
            LogRecord { number: change.sequence, id, partition: partition(change), at: change.created, event }
        });
        Ok(LogPage { records: records.collect(), next })
    }

    async fn shard_id(&self, shard: u32) -> Result<String, MappingError> {
        let info = self.tables.describe_stream(self.id.clone()).await?;
        Ok(Shard::id(info.record.number, shard))
    }

    const INFO: (&'static str, &'static str) = ("DDBStreamBatchInfo", "streamArn");

    async fn changes(&self) -> Result<Watch, MappingError> {
        let info = self.tables.describe_stream(self.id.clone()).await?;
        Ok(self.tables.watch_stream(info.record.number))
    }
}

/// The item's, so that its changes stay in order. Lanes' places outlive this program: the same in every later one.
fn partition(change: &tables::Change) -> u64 {
    crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, change.keys.view().as_bytes())
}
