//! Rate limits that a vendor has put on a credential.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::error::StoreError;

/// Remembers until when a credential must not be used.
///
/// A limit belongs to the credential, not to the stream that met it: every
/// stream that uses the credential waits.
#[async_trait]
pub trait Limits: Send + Sync {
    /// The moment before which `credential` must not be used; `None` when
    /// there is none after `now`.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn not_before(
        &self,
        credential: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// Holds `credential` back until `until`; an earlier moment never shortens
    /// a limit that is already there.
    ///
    /// # Errors
    ///
    /// When the limit may not be stored.
    async fn hold(&self, credential: &str, until: Timestamp) -> Result<(), StoreError>;
}
