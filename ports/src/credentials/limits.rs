//! Rate limits that vendors have put on credentials.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::error::StoreError;

/// Remembers until when each credential must not be used.
///
/// A limit belongs to the credential, not to the stream that ran into it: every
/// stream that uses the credential waits.
#[async_trait]
pub trait Limits: Send + Sync {
    /// Returns the time before which `credential` must not be used; `None` if it
    /// may be used at `now`.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read.
    async fn not_before(
        &self,
        credential: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// Forbids the use of `credential` until `until`. This never shortens a limit
    /// that is already there.
    ///
    /// # Errors
    ///
    /// Fails if the limit may not have been stored.
    async fn hold(&self, credential: &str, until: Timestamp) -> Result<(), StoreError>;

    /// Takes back what forbids the use of `credential`, by hand.
    ///
    /// # Errors
    ///
    /// Fails if the limit may still be stored.
    async fn lift(&self, credential: &str) -> Result<(), StoreError>;
}
