use super::receive_message::put_lease;
use super::settle::{self, Waiting};
use super::work::Work;
use crate::keys;
use crate::message::Stored;
use crate::{QueueId, Queues, QueuesError, Receipt, VISIBILITY_SECONDS_MAX};
use kv::Transaction;

impl Queues {
    /// Makes a message that is in flight visible after so many seconds from now.
    ///
    /// # Errors
    /// `NoSuchQueue`, `ReceiptInvalid`, `NotInFlight`, `InvalidParameter`; the store fails.
    pub async fn change_visibility(
        &self,
        id: &QueueId,
        receipt: Receipt,
        seconds: u32,
    ) -> Result<(), QueuesError> {
        let answers = self.change_visibility_all(id, vec![(receipt, seconds)]).await?;
        answers.into_iter().next().unwrap_or(Ok(()))
    }

    /// In one transaction; one that is refused does not hold up the others.
    ///
    /// # Errors
    /// `NoSuchQueue`; the store fails.
    pub async fn change_visibility_all(
        &self,
        id: &QueueId,
        changes: Vec<(Receipt, u32)>,
    ) -> Result<Vec<Result<(), QueuesError>>, QueuesError> {
        let (queues, id) = (self.clone(), id.clone());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let queue = queues.known.queue(tx, &id).await?;
                let mut work = Work::open(tx, queue, queues.now()).await?;
                settle::settle(tx, &mut work).await?;
                let mut answers = Vec::with_capacity(changes.len());
                for (receipt, seconds) in &changes {
                    answers.push(change_one(tx, &mut work, receipt, *seconds).await?);
                }
                work.close(tx, &queues.waiters);
                Ok(answers)
            })
            .await
    }
}

async fn change_one(
    tx: &mut Transaction,
    work: &mut Work,
    receipt: &Receipt,
    seconds: u32,
) -> Result<Result<(), QueuesError>, QueuesError> {
    if receipt.identity != work.queue.identity {
        return Ok(Err(QueuesError::ReceiptInvalid));
    }
    if seconds > VISIBILITY_SECONDS_MAX {
        return Ok(Err(QueuesError::value(
            seconds,
            "VisibilityTimeout",
            "VisibilityTimeout must be an integer between 0 and 43200.",
        )));
    }
    let place = receipt.place();
    let stored = match receipt.queue == work.number {
        true => Stored::read(tx, work.number, place).await?,
        false => None,
    };
    let Some(mut stored) = stored else {
        return Ok(Err(QueuesError::InvalidParameter(
            "Value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for \
             visibility timeout change."
                .to_owned(),
        )));
    };
    let message = &mut stored.message;
    if message.count != receipt.count || message.due <= work.now {
        return Ok(Err(QueuesError::NotInFlight));
    }
    let due = work.now + u64::from(seconds) * 1000;
    if due > message.last + u64::from(VISIBILITY_SECONDS_MAX) * 1000 {
        return Ok(Err(QueuesError::InvalidParameter(format!(
            "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the \
             message is beyond the limit [{VISIBILITY_SECONDS_MAX} seconds]."
        ))));
    }
    tx.delete(keys::waiting(work.number, message.due, place.sequence));
    message.due = due;
    work.has_arrivals = true;
    if seconds == 0 {
        let group = message.group.clone().filter(|_| work.is_fifo()).unwrap_or_default();
        let waiting = Waiting { is_leased: true, sent: place.sent, order: 0, group };
        settle::become_visible(tx, work, due, place, &waiting).await?;
    } else {
        put_lease(tx, work, place, &stored);
    }
    stored.rewrite(tx, work.number, place)?;
    Ok(Ok(()))
}
