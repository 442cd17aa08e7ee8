//! The embedded backend, held to what every backend is held to: on a file,
//! and in memory.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::conformance::{Backend, Consumer};
use mef_ports::{Clock, Message};
use mef_sqlite::Store;
use tempfile::TempDir;

/// A clock that stands still: expired rows are told apart by the moments that
/// the calls are given.
struct StillClock;

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn sleep(&self, _: Duration) {}
}

/// The store, and the folder that goes when the test is over.
struct Drain {
    store: Store,
    _folder: Option<TempDir>,
}

#[async_trait]
impl Consumer for Drain {
    async fn drain(&self) -> Vec<Message> {
        let events = self.store.events(None, usize::MAX).await.unwrap();
        let positions: Vec<_> = events.iter().map(|event| event.position).collect();
        self.store.remove(&positions).await.unwrap();
        assert!(self.store.events(None, usize::MAX).await.unwrap().is_empty());
        events.into_iter().map(|event| event.message).collect()
    }
}

fn backend(store: Store, folder: Option<TempDir>) -> Backend {
    let store = Arc::new(store);
    Backend {
        queue: store.clone(),
        consumer: Arc::new(Drain { store: (*store).clone(), _folder: folder }),
        dead_letters: store.clone(),
        cursors: store.clone(),
        deliveries: store.clone(),
        tokens: store.clone(),
        limits: store.clone(),
        blobs: store,
    }
}

mod file {
    use super::*;

    async fn fresh() -> Backend {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("mef.db"), Arc::new(StillClock)).unwrap();
        backend(store, Some(folder))
    }

    mef_ports::conformance_tests!(fresh);
}

mod memory {
    use super::*;

    async fn fresh() -> Backend {
        backend(Store::in_memory(Arc::new(StillClock)).unwrap(), None)
    }

    mef_ports::conformance_tests!(fresh);
}
