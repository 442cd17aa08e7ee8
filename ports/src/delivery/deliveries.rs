//! Marks for webhook deliveries that are done, so that a repeated delivery is
//! answered at once.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::receipt::Receipt;

/// The key of a delivery: its source, its id and a digest of its body.
///
/// Because of the digest, a reused id with another body is a new delivery.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeliveryKey {
    /// The source's name.
    pub source: String,
    /// The id that the vendor gave it; empty if the body alone tells.
    pub delivery_id: String,
    /// The SHA-256 of the body as it was received, in hexadecimal.
    pub body_sha256: String,
}

/// Remembers which deliveries are done.
///
/// A mark is set only after every record of the delivery is in the queue or in
/// the dead letters, so a crash before that leads to a repeat, never to a loss.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Returns whether `key` has a mark that has not expired at `now`.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read.
    async fn is_done(&self, key: &DeliveryKey, now: Timestamp) -> Result<bool, StoreError>;

    /// Marks `key` as done until `expires`; `receipt` proves that it is.
    ///
    /// # Errors
    ///
    /// Fails if the mark may not have been stored.
    async fn mark_done(
        &self,
        key: &DeliveryKey,
        expires: Timestamp,
        receipt: &Receipt,
    ) -> Result<(), StoreError>;
}
