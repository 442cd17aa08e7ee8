//! Bytes that are too large or too broken for a queue.

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::StoreError;

/// The key of stored bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobKey(pub String);

/// Stores bytes by key.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Stores `bytes` durably under `key`, in place of what was there.
    ///
    /// # Errors
    ///
    /// Fails if the bytes may not have been stored.
    async fn put(&self, key: &BlobKey, bytes: Bytes) -> Result<(), StoreError>;

    /// Returns the bytes under `key`; `None` if there are none.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read.
    async fn get(&self, key: &BlobKey) -> Result<Option<Bytes>, StoreError>;
}
