//! Whether webhooks can be taken, for a load balancer or a monitor: `GET /healthz`.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mef_ports::Clock;
use mef_source::SourceName;
use mef_sqlite::Store;
use tokio::sync::Mutex;

/// Anybody may ask, so the disk is not asked more often than this.
const KEPT: SignedDuration = SignedDuration::from_secs(1);

/// A store that needs longer is no use to a sender.
const LIMIT: Duration = Duration::from_secs(5);

/// What the store said last.
pub(super) struct Health {
    store: Store,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<(Timestamp, bool)>>,
}

impl Health {
    pub(super) fn new(store: Store, clock: Arc<dyn Clock>) -> Health {
        Health { store, clock, last: Mutex::default() }
    }

    /// Returns whether a request to `path` asks this. No source can have the name.
    pub(super) fn is_asked(path: &str) -> bool {
        path.strip_prefix('/') == Some(SourceName::HEALTH)
    }

    /// Returns whether the store takes what is written to it.
    pub(super) async fn is_good(&self) -> bool {
        let mut last = self.last.lock().await;
        let now = self.clock.now();
        if let Some((at, is_good)) = *last
            && now.duration_since(at).abs() < KEPT
        {
            return is_good;
        }
        let is_good = match tokio::time::timeout(LIMIT, self.store.try_to_write()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(error = %mef_ports::chain(&error), "the store cannot be used");
                false
            }
            Err(_) => {
                tracing::error!(error = "it does not answer", "the store cannot be used");
                false
            }
        };
        *last = Some((self.clock.now(), is_good));
        is_good
    }
}
