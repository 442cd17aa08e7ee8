//! The last stage: events go to the queue, rejected records to the dead letters.

use std::sync::Arc;
use std::time::Duration;

use mef_ports::{Clock, DeadLetter, DeadLetters, Queue, Receipt, StoreError};

use crate::fallbacks::Fallbacks;
use crate::outcome::Outcome;
use crate::running::Running;

/// How often an entry is sent again that the queue refused for the moment.
const RETRIES: u32 = 4;
/// The wait before the first retry. Each further wait is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Where events and rejected records go.
#[derive(Clone)]
pub struct Outputs {
    /// The queue.
    pub queue: Arc<dyn Queue>,
    /// The dead letters.
    pub dead_letters: Arc<dyn DeadLetters>,
    /// Times the waits between tries.
    pub clock: Arc<dyn Clock>,
}

/// Delivers an outcome. Entries that the queue refuses for the moment are sent
/// again; those that it refuses for good become dead letters.
///
/// # Errors
///
/// Fails if a record may be neither in the queue nor a dead letter. What was
/// delivered stays delivered: running the records again gives the same ids.
#[expect(clippy::disallowed_methods, reason = "this is the delivery that a receipt proves")]
pub async fn deliver(outputs: &Outputs, outcome: Outcome) -> Result<Receipt, StoreError> {
    let Sent { delivered, refused } = send(outputs, outcome).await?;
    if !refused.is_empty() {
        outputs.dead_letters.put(&refused).await?;
    }
    Ok(Receipt::of_delivery(delivered, refused.len() as u64))
}

/// What became of what was admitted.
#[derive(Debug)]
pub struct Delivered {
    /// The proof that all of it is delivered.
    pub receipt: Receipt,
    /// Which fields of events fell back to their defaults.
    pub fallbacks: Fallbacks,
}

/// Runs the rest of what was admitted and delivers it, a part at a time.
///
/// # Errors
///
/// Fails if a record may be neither in the queue nor a dead letter. What was delivered stays delivered:
/// running all of it again gives the same ids.
#[expect(clippy::disallowed_methods, reason = "this is the delivery that a receipt proves")]
pub async fn deliver_all(
    outputs: &Outputs,
    mut running: Running<'_>,
) -> Result<Delivered, StoreError> {
    let (mut delivered, mut rejected, mut fallbacks) = (0, 0, Fallbacks::default());
    while let Some(mut part) = running.next_part() {
        fallbacks.merge(std::mem::take(&mut part.fallbacks));
        let receipt = deliver(outputs, part).await?;
        delivered += receipt.delivered();
        rejected += receipt.rejected();
    }
    Ok(Delivered { receipt: Receipt::of_delivery(delivered, rejected), fallbacks })
}

/// What became of an outcome whose events were sent.
pub(crate) struct Sent {
    pub(crate) delivered: u64,
    /// All records that a stage or the queue refused. They are not stored yet.
    pub(crate) refused: Vec<DeadLetter>,
}

/// Sends an outcome's events to the queue, with retries.
pub(crate) async fn send(outputs: &Outputs, outcome: Outcome) -> Result<Sent, StoreError> {
    let Outcome { events, letters: mut refused, origin, .. } = outcome;
    let (mut batch, mut records): (Vec<_>, Vec<_>) =
        events.into_iter().map(|prepared| (prepared.message, prepared.kept)).unzip();
    let mut delivered = 0;
    let mut attempt = 0;
    while !batch.is_empty() {
        if attempt > RETRIES {
            let reason = format!("{} entries were refused again and again", batch.len());
            return Err(StoreError::new("send to the queue", reason));
        }
        if attempt > 0 {
            outputs.clock.sleep(FIRST_WAIT * 2_u32.pow(attempt - 1)).await;
        }
        let results = outputs.queue.send(&batch).await?;
        if results.len() != batch.len() {
            let reason = format!("{} results for {} entries", results.len(), batch.len());
            return Err(StoreError::new("send to the queue", reason));
        }
        let mut again = (Vec::new(), Vec::new());
        for ((message, record), result) in batch.into_iter().zip(records).zip(results) {
            match result {
                Ok(()) => delivered += 1,
                Err(entry) if entry.transient => {
                    again.0.push(message);
                    again.1.push(record);
                }
                Err(entry) => refused.push(origin.undeliverable(record, entry.reason)),
            }
        }
        (batch, records) = again;
        attempt += 1;
    }
    Ok(Sent { delivered, refused })
}
