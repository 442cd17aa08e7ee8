//! A cursor store that watches every commit, and in which a bug can be planted.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mef_ports::{
    Clock as _, Commit, CommitError, CursorRecord, Cursors, Lease, LeaseError, Move, Position,
    Receipt, SeenId, StoreError, StoredCursor, StreamKey,
};
use mef_sqlite::Store;

use crate::support::TestClock;

/// What a poller could do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The cursor moves though the queue did not take the page.
    CommitsWithoutTheQueue,
    /// A run whose lease is gone still commits.
    CommitsWithoutTheFence,
    /// The first page of a window moves the cursor to its end.
    CommitsTheWholeWindow,
    /// The cursor follows the clock.
    FollowsTheClock,
    /// The ids of the overlap are forgotten between runs.
    ForgetsIds,
}

pub(crate) struct Watched {
    pub(crate) store: Store,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) end_lag: SignedDuration,
    pub(crate) bug: Option<Bug>,
    /// The latest that our clock has said: a window that was opened then may be
    /// read on after the clock was set back.
    pub(crate) latest: Mutex<Timestamp>,
    /// What was wrong with a commit.
    pub(crate) wrong: Mutex<Vec<String>>,
}

fn done_time(record: &CursorRecord) -> Option<Timestamp> {
    match record.done() {
        Some(Position::Time(done)) => Some(*done),
        _ => None,
    }
}

/// The receipt of a delivery that never was.
#[expect(clippy::disallowed_methods, reason = "the planted bugs move the cursor all the same")]
fn receipt() -> Receipt {
    Receipt::of_delivery(0, 0)
}

impl Watched {
    fn note(&self, now: Timestamp) -> Timestamp {
        let mut latest = self.latest.lock().unwrap();
        *latest = now.max(*latest);
        *latest
    }
}

#[async_trait]
impl Cursors for Watched {
    async fn lease(
        &self,
        stream: &StreamKey,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease, LeaseError> {
        self.note(now);
        self.store.lease(stream, now, ttl).await
    }

    async fn renew(
        &self,
        lease: &Lease,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease, CommitError> {
        self.store.renew(lease, now, ttl).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.store.release(lease).await
    }

    async fn read(&self, stream: &StreamKey) -> Result<Option<StoredCursor>, StoreError> {
        self.store.read(stream).await
    }

    async fn seen(&self, stream: &StreamKey) -> Result<Vec<SeenId>, StoreError> {
        match self.bug {
            Some(Bug::ForgetsIds) => Ok(Vec::new()),
            _ => self.store.seen(stream).await,
        }
    }

    async fn commit(&self, lease: &Lease, commit: Commit<'_>) -> Result<(), CommitError> {
        let before = self.store.read(&lease.stream).await?;
        let (mut lease, mut record) = (lease.clone(), commit.record.clone());
        let done = |done| Move { done: Some(Position::Time(done)), ..commit.record.unmoved() };
        match (self.bug, commit.record.open()) {
            (Some(Bug::CommitsWithoutTheFence), _) => {
                lease.fence = before.as_ref().map_or(0, |before| before.fence);
            }
            (Some(Bug::CommitsTheWholeWindow), Some(open)) if open.next.is_some() => {
                record.advance(Move { open: None, ..done(open.end) }, receipt());
            }
            (Some(Bug::FollowsTheClock), _) => {
                record.advance(done(self.clock.now()), receipt());
            }
            _ => {}
        }
        self.store.commit(&lease, Commit { record: &record, seen: commit.seen }).await?;
        let before = before.and_then(|before| done_time(&before.record));
        let after = done_time(&record);
        let horizon = self.note(self.clock.now()) - self.end_lag;
        if after < before {
            self.wrong.lock().unwrap().push(format!("back from {before:?} to {after:?}"));
        }
        if after.is_some_and(|after| after > horizon) && after > before {
            self.wrong.lock().unwrap().push(format!("{after:?} is past {horizon}"));
        }
        Ok(())
    }

    async fn set(&self, stream: &StreamKey, record: &CursorRecord) -> Result<(), StoreError> {
        self.store.set(stream, record).await
    }

    async fn list(&self) -> Result<Vec<StoredCursor>, StoreError> {
        self.store.list().await
    }
}
