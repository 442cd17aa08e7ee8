//! The queue that the SIEM reads from.

use async_trait::async_trait;

use crate::error::StoreError;

/// An event for the SIEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The event's id: the same event always has the same id.
    pub event_id: String,
    /// The name of the source it came from.
    pub source: String,
    /// The event as one JSON object, made only of characters that SQS accepts.
    pub body: String,
}

/// Why the queue did not accept one message of a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue refused the entry: {reason}")]
pub struct Refused {
    /// The queue's own words.
    pub reason: String,
    /// Whether the queue may accept the same message if it is sent again.
    pub transient: bool,
}

/// Accepts events in batches and stores them durably.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends a batch of any size and returns one result for each message, in order.
    ///
    /// `Ok` means that the message is stored durably. The implementation splits
    /// the batch as its limits demand.
    ///
    /// # Errors
    ///
    /// Fails if it is not known whether anything was stored, because the queue could
    /// not be reached. Sending the batch again may store a message twice, but
    /// never loses one.
    async fn send(&self, batch: &[Message]) -> Result<Vec<Result<(), Refused>>, StoreError>;
}
