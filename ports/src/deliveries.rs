//! Marks of webhook deliveries that are done, so that a repeat is answered at
//! once.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::receipt::Receipt;

/// One delivery of one vendor: source, delivery id and a digest of the body.
///
/// The digest is part of it so that a reused id with another body is new.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeliveryKey {
    /// The source's name.
    pub source: String,
    /// The id that the vendor gave.
    pub delivery_id: String,
    /// SHA-256 of the body as it came, in hexadecimal.
    pub body_sha256: String,
}

/// Remembers which deliveries are done.
///
/// A mark is set only after every record of the delivery is in the queue or in
/// a dead-letter queue, so a crash in between leads to a repeat, never a loss.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Whether a mark for `key` exists that has not expired at `now`.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn is_done(&self, key: &DeliveryKey, now: Timestamp) -> Result<bool, StoreError>;

    /// Marks `key`, whose delivery `receipt` proves, as done until `expires`.
    ///
    /// # Errors
    ///
    /// When the mark may not be stored.
    async fn mark_done(
        &self,
        key: &DeliveryKey,
        expires: Timestamp,
        receipt: &Receipt,
    ) -> Result<(), StoreError>;
}
