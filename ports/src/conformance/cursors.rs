//! What cursors and leases promise.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::time::Duration;

use super::{Backend, at};
use crate::{
    Commit, CommitError, CursorRecord, Cursors, Lease, LeaseError, OpenWindow, Position, ResumeAt,
    SeenId, StreamKey,
};

const TTL: Duration = Duration::from_secs(30);

fn stream(source: &str, partition: &str) -> StreamKey {
    StreamKey { source: source.to_owned(), partition: partition.to_owned() }
}

fn acme() -> StreamKey {
    stream("acme", "")
}

fn record(seconds: i64) -> CursorRecord {
    CursorRecord {
        done: Some(Position::Time(at(seconds))),
        open: Some(OpenWindow {
            start: at(seconds),
            end: at(seconds + 60),
            done_before: at(seconds),
            next: Some(ResumeAt::Url("https://api.example.com/?after=2".to_owned())),
            restarts: 1,
            ascending: true,
            request_digest: "digest".to_owned(),
        }),
        ..CursorRecord::default()
    }
}

async fn lease(cursors: &dyn Cursors, seconds: i64) -> Lease {
    cursors.lease(&acme(), at(seconds), TTL).await.expect("the lease is free")
}

async fn commit(
    cursors: &dyn Cursors,
    lease: &Lease,
    record: &CursorRecord,
    seen: Option<&[SeenId]>,
) -> Result<(), CommitError> {
    cursors.commit(lease, Commit { record, seen }).await
}

/// While it lasts, nobody else gets it, and is told until when.
pub async fn one_run_at_a_time_holds_the_lease(backend: Backend) {
    let cursors = &*backend.cursors;
    let first = lease(cursors, 0).await;
    assert_eq!(first.until, at(30));
    let second = cursors.lease(&acme(), at(29), TTL).await;
    assert!(matches!(second, Err(LeaseError::Held { until }) if until == at(30)), "{second:?}");
    let stored = cursors.read(&acme()).await.expect("a read").expect("a cursor");
    assert_eq!((stored.fence, stored.leased_until), (first.fence, Some(at(30))));
    assert_eq!(stored.record, CursorRecord::default());
}

/// At its very end it is free.
pub async fn a_lease_that_ran_out_is_taken_over_with_a_higher_fence(backend: Backend) {
    let first = lease(&*backend.cursors, 0).await;
    let second = lease(&*backend.cursors, 30).await;
    assert!(second.fence > first.fence);
}

/// Nobody was kept waiting, so nothing is lost.
pub async fn a_lease_that_ran_out_can_be_renewed_while_nobody_took_it(backend: Backend) {
    let cursors = &*backend.cursors;
    let first = lease(cursors, 0).await;
    let renewed = cursors.renew(&first, at(100), TTL).await.expect("nobody took it");
    assert_eq!((renewed.fence, renewed.until), (first.fence, at(130)));
    assert!(cursors.lease(&acme(), at(129), TTL).await.is_err());
}

/// Neither a commit nor a renewal.
pub async fn after_a_takeover_the_old_lease_moves_nothing(backend: Backend) {
    let cursors = &*backend.cursors;
    let old = lease(cursors, 0).await;
    commit(cursors, &old, &record(1), None).await.expect("the lease is good");
    let new = lease(cursors, 31).await;
    let lost = commit(cursors, &old, &record(2), Some(&[])).await;
    assert!(matches!(lost, Err(CommitError::LeaseLost)), "{lost:?}");
    let lost = cursors.renew(&old, at(32), TTL).await;
    assert!(matches!(lost, Err(CommitError::LeaseLost)), "{lost:?}");
    let stored = cursors.read(&acme()).await.expect("a read").expect("a cursor");
    assert_eq!((stored.record, stored.leased_until), (record(1), Some(new.until)));
}

/// The next run need not wait for its end.
pub async fn a_released_lease_is_free_at_once(backend: Backend) {
    let cursors = &*backend.cursors;
    let first = lease(cursors, 0).await;
    cursors.release(&first).await.expect("a release");
    let second = lease(cursors, 1).await;
    assert!(second.fence > first.fence);
}

/// A run that was taken over may still say goodbye.
pub async fn a_stale_release_does_not_free_the_new_lease(backend: Backend) {
    let cursors = &*backend.cursors;
    let old = lease(cursors, 0).await;
    lease(cursors, 31).await;
    cursors.release(&old).await.expect("a release");
    assert!(cursors.lease(&acme(), at(32), TTL).await.is_err());
}

/// Both come back with every digit.
pub async fn a_commit_stores_the_record_and_the_seen_ids(backend: Backend) {
    let cursors = &*backend.cursors;
    let held = lease(cursors, 0).await;
    let seen = [
        SeenId { time_ms: i64::MIN, hash: u64::MAX },
        SeenId { time_ms: 1_795_514_400_123, hash: 0 },
    ];
    commit(cursors, &held, &record(5), Some(&seen)).await.expect("the lease is good");
    let stored = cursors.read(&acme()).await.expect("a read").expect("a cursor");
    assert_eq!(stored.record, record(5));
    assert_eq!(cursors.seen(&acme()).await.expect("a read"), seen);
}

/// A commit that says nothing about them leaves them.
pub async fn seen_ids_stay_when_a_commit_has_none(backend: Backend) {
    let cursors = &*backend.cursors;
    let held = lease(cursors, 0).await;
    let seen = [SeenId { time_ms: 1, hash: 2 }];
    commit(cursors, &held, &record(1), Some(&seen)).await.expect("the lease is good");
    commit(cursors, &held, &record(2), None).await.expect("the lease is good");
    assert_eq!(cursors.seen(&acme()).await.expect("a read"), seen);
    commit(cursors, &held, &record(3), Some(&[])).await.expect("the lease is good");
    assert_eq!(cursors.seen(&acme()).await.expect("a read"), []);
}

/// What a person sets stays set.
pub async fn setting_a_cursor_shuts_out_the_run_under_way(backend: Backend) {
    let cursors = &*backend.cursors;
    let held = lease(cursors, 0).await;
    let seen = [SeenId { time_ms: 1, hash: 2 }];
    commit(cursors, &held, &record(1), Some(&seen)).await.expect("the lease is good");
    let by_hand =
        CursorRecord { done: Some(Position::Token("t".to_owned())), ..CursorRecord::default() };
    cursors.set(&acme(), &by_hand).await.expect("a cursor is set");
    assert!(matches!(commit(cursors, &held, &record(2), None).await, Err(CommitError::LeaseLost)));
    let stored = cursors.read(&acme()).await.expect("a read").expect("a cursor");
    assert_eq!(stored.record, by_hand);
    assert!(stored.fence > held.fence);
    assert_eq!(cursors.seen(&acme()).await.expect("a read"), []);
    lease(cursors, 1).await;
}

/// By source and then by partition.
pub async fn streams_are_listed_in_order_and_do_not_touch_each_other(backend: Backend) {
    let cursors = &*backend.cursors;
    assert!(cursors.read(&acme()).await.expect("a read").is_none());
    let streams = [stream("b", ""), stream("a", "2"), stream("a", "1"), stream("a", "")];
    for stream in &streams {
        cursors.lease(stream, at(0), TTL).await.expect("every stream has a lease of its own");
    }
    cursors.set(&stream("a", "1"), &record(9)).await.expect("a cursor is set");
    let listed = cursors.list().await.expect("a list");
    let keys: Vec<_> = listed.iter().map(|cursor| cursor.stream.to_string()).collect();
    assert_eq!(keys, ["a", "a/1", "a/2", "b"]);
    let with_record: Vec<_> =
        listed.iter().filter(|cursor| cursor.record != CursorRecord::default()).collect();
    assert_eq!(with_record.len(), 1);
}
