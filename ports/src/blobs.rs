//! Bytes too large or too broken for a queue.

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::StoreError;

/// Names stored bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobKey(pub String);

/// Keeps bytes under a key.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Stores `bytes` durably under `key`; the same key again replaces them.
    ///
    /// # Errors
    ///
    /// When the bytes may not be stored.
    async fn put(&self, key: &BlobKey, bytes: Bytes) -> Result<(), StoreError>;

    /// The bytes under `key`, if there are any.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn get(&self, key: &BlobKey) -> Result<Option<Bytes>, StoreError>;
}
