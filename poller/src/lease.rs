//! The lease of a running poll, renewed as it goes.

use std::time::Duration;

use jiff::SignedDuration;
use mef_ports::{Clock, CommitError, Cursors, Lease};
use tokio::sync::Mutex;

/// How long a lease lasts. A run that was killed is taken over after this.
pub(crate) const TTL: Duration = Duration::from_secs(30);
/// A lease with more time left than this is not renewed, so that quick pages do not cost a write
/// each. It still lasts longer than any one request may take.
const FRESH: SignedDuration = SignedDuration::from_secs(28);

/// Holds a lease, and renews it before anything that may take long.
pub(crate) struct LeaseKeeper<'p> {
    cursors: &'p dyn Cursors,
    clock: &'p dyn Clock,
    lease: Mutex<Lease>,
}

impl<'p> LeaseKeeper<'p> {
    pub(crate) fn new(cursors: &'p dyn Cursors, clock: &'p dyn Clock, lease: Lease) -> Self {
        LeaseKeeper { cursors, clock, lease: Mutex::new(lease) }
    }

    /// Makes sure that the lease outlasts the next request.
    pub(crate) async fn keep(&self) -> Result<(), CommitError> {
        let mut lease = self.lease.lock().await;
        let now = self.clock.now();
        if lease.until.duration_since(now) < FRESH {
            *lease = self.cursors.renew(&lease, now, TTL).await?;
        }
        Ok(())
    }

    /// Returns the lease as it stands.
    pub(crate) async fn current(&self) -> Lease {
        self.lease.lock().await.clone()
    }
}
