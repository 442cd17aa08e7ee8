//! Refused webhook requests, kept for a person to look at.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

use crate::error::StoreError;

/// Keeps some of the refused requests of each source.
///
/// Anybody can send requests that are refused. So the store itself counts how
/// many it keeps in an hour, over all processes.
#[async_trait]
pub trait Captures: Send + Sync {
    /// Keeps `file`, a request that `source` refused at `at`, unless `most`
    /// requests of that source and hour are there already. Returns whether it was
    /// kept.
    ///
    /// # Errors
    ///
    /// Fails if the file may not have been stored.
    async fn keep(
        &self,
        source: &str,
        at: Timestamp,
        most: u32,
        file: Bytes,
    ) -> Result<bool, StoreError>;
}
