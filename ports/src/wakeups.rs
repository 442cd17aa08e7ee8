//! A run that is owed before the next tick of the schedule.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::cursors::StreamKey;
use crate::error::StoreError;

/// Leaves at most one pending wake-up for a stream.
#[async_trait]
pub trait Wakeups: Send + Sync {
    /// Asks for a run of `stream` at `when`, in place of an earlier wake-up.
    ///
    /// # Errors
    ///
    /// When the wake-up may not come.
    async fn wake(&self, stream: &StreamKey, when: Timestamp) -> Result<(), StoreError>;
}
