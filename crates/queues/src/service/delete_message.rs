use super::remove_message::remove;
use super::settle;
use super::work::Work;
use crate::keys::Place;
use crate::message::Stored;
use crate::{QueueId, Queues, QueuesError};
use kv::Transaction;

const BYTES: usize = 36;

/// One receipt of one message. Whoever hands it out has to make sure that nobody can make one up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The queue's, for good.
    pub identity: u64,
    pub(crate) queue: u64,
    pub(crate) sent: u64,
    pub(crate) sequence: u64,
    /// How often the message was received then.
    pub(crate) count: u32,
}

impl Receipt {
    /// What a receipt is sealed for, whoever hands it out.
    pub const CONTEXT: &str = "sqs receipt";

    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BYTES);
        for number in [self.identity, self.queue, self.sent, self.sequence] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.count.to_be_bytes());
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Option<Receipt> {
        let bytes: &[u8; BYTES] = bytes.try_into().ok()?;
        let (numbers, count) = bytes.split_last_chunk::<4>()?;
        let (numbers, []) = numbers.as_chunks::<8>() else { return None };
        let &[identity, queue, sent, sequence] = numbers else { return None };
        let of = u64::from_be_bytes;
        Some(Receipt {
            identity: of(identity),
            queue: of(queue),
            sent: of(sent),
            sequence: of(sequence),
            count: u32::from_be_bytes(*count),
        })
    }

    pub(super) fn place(&self) -> Place {
        Place { sent: self.sent, sequence: self.sequence }
    }
}

impl Queues {
    /// A message that is gone is no error, nor, in a standard queue, one that was received again since: that one stays.
    ///
    /// # Errors
    /// `NoSuchQueue`, `ReceiptInvalid`, `InvalidParameter`; the store fails.
    pub async fn delete(&self, id: &QueueId, receipt: Receipt) -> Result<(), QueuesError> {
        let answers = self.delete_all(id, vec![receipt]).await?;
        answers.into_iter().next().unwrap_or(Ok(()))
    }

    /// In one transaction; one that is refused does not hold up the others.
    ///
    /// # Errors
    /// `NoSuchQueue`; the store fails.
    pub async fn delete_all(
        &self,
        id: &QueueId,
        receipts: Vec<Receipt>,
    ) -> Result<Vec<Result<(), QueuesError>>, QueuesError> {
        let (queues, id) = (self.clone(), id.clone());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let queue = queues.known.queue(tx, &id).await?;
                let mut work = Work::open(tx, queue, queues.now()).await?;
                settle::settle(tx, &mut work).await?;
                let mut answers = Vec::with_capacity(receipts.len());
                for receipt in &receipts {
                    answers.push(delete_one(tx, &mut work, receipt).await?);
                }
                work.close(tx, &queues.waiters);
                Ok(answers)
            })
            .await
    }
}

async fn delete_one(
    tx: &mut Transaction,
    work: &mut Work,
    receipt: &Receipt,
) -> Result<Result<(), QueuesError>, QueuesError> {
    if receipt.identity != work.queue.identity {
        return Ok(Err(QueuesError::ReceiptInvalid));
    }
    if receipt.queue != work.number {
        // Of a message that was purged.
        return Ok(Ok(()));
    }
    let place = receipt.place();
    let Some(stored) = Stored::read(tx, work.number, place).await? else { return Ok(Ok(())) };
    let is_latest = stored.message.count == receipt.count;
    if work.is_fifo() && (!is_latest || stored.message.due <= work.now) {
        return Ok(Err(QueuesError::InvalidParameter(
            "Value for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
                .to_owned(),
        )));
    }
    if is_latest {
        remove(tx, work, place, &stored.message).await?;
    }
    Ok(Ok(()))
}
