//! The queue that the SIEM reads from.

use async_trait::async_trait;

use crate::error::StoreError;

/// One event on its way to the SIEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The event's id: the same event always has the same one.
    pub event_id: String,
    /// The name of the source it came from.
    pub source: String,
    /// The event as one JSON object, holding only characters that SQS takes.
    pub body: String,
}

/// Why the queue did not take one entry of a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue refused the entry: {reason}")]
pub struct Refused {
    /// The queue's own words.
    pub reason: String,
    /// Whether the same entry may be taken when it is sent again.
    pub transient: bool,
}

/// Takes events, durably, in batches.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends a batch of any size and gives one result per entry, in order.
    ///
    /// `Ok` for an entry means that it is stored durably. The implementation
    /// splits the batch as its limits demand.
    ///
    /// # Errors
    ///
    /// When nothing is known to be stored: the queue is out of reach. Sending
    /// the batch again may then store an entry twice, never lose one.
    async fn send(&self, batch: &[Message]) -> Result<Vec<Result<(), Refused>>, StoreError>;
}
