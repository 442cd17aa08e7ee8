//! Runs that are due before the schedule's next tick.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::cursors::StreamKey;
use crate::error::StoreError;

/// Keeps at most one pending wake-up for each stream.
#[async_trait]
pub trait Wakeups: Send + Sync {
    /// Asks for a run of `stream` at `when`. This replaces a wake-up that is
    /// pending.
    ///
    /// # Errors
    ///
    /// Fails if the wake-up may not come.
    async fn wake(&self, stream: &StreamKey, when: Timestamp) -> Result<(), StoreError>;
}
