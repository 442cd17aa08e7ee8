//! Bytes that are too large or too broken for a queue.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

use crate::error::StoreError;

/// The key of stored bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobKey(pub String);

/// What is stored under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobEntry {
    /// The key.
    pub key: BlobKey,
    /// How many bytes there are.
    pub bytes: u64,
    /// When they were stored, if the store knows.
    pub since: Option<Timestamp>,
}

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

    /// Returns what is stored, by key.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read.
    async fn list(&self) -> Result<Vec<BlobEntry>, StoreError>;
}
