//! Refused webhooks that are kept for a person to look at.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

use crate::error::StoreError;

/// Keeps a few of the refused requests of each source.
///
/// Anybody can send requests that are refused, so how many are kept in an hour
/// is counted by the store itself, over all processes.
#[async_trait]
pub trait Captures: Send + Sync {
    /// Keeps `file`, a request that `source` refused at `at`, unless `most` of
    /// that source are there of the same hour. Returns where it is kept, or
    /// `None` if it is not.
    ///
    /// # Errors
    ///
    /// Fails if the file may not be stored.
    async fn keep(
        &self,
        source: &str,
        at: Timestamp,
        most: u32,
        file: Bytes,
    ) -> Result<Option<String>, StoreError>;
}
