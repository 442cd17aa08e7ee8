//! Wake-ups within this process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{StoreError, StreamKey, Wakeups};

/// The pending wake-ups. They need not outlive the process: the next one reads every stream at its
/// start.
#[derive(Debug, Default)]
pub(crate) struct LocalWakeups(Mutex<HashMap<StreamKey, Timestamp>>);

impl LocalWakeups {
    /// Removes and returns the pending wake-up of `stream`.
    pub(crate) fn take(&self, stream: &StreamKey) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(stream)
    }
}

#[async_trait]
impl Wakeups for LocalWakeups {
    async fn wake(&self, stream: &StreamKey, when: Timestamp) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(stream.clone(), when);
        Ok(())
    }
}
