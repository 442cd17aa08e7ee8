//! Wake-ups as notes to the scheduler of this process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{StoreError, StreamKey, Wakeups};

/// The wake-ups that are pending. They need not outlive the process: what
/// starts after it reads every stream at once.
#[derive(Debug, Default)]
pub(crate) struct LocalWakeups(Mutex<HashMap<StreamKey, Timestamp>>);

impl LocalWakeups {
    /// The pending wake-up of `stream`, which is then no longer pending.
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
