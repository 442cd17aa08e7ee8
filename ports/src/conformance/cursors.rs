//! What cursors and leases promise.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Backend, at};
use crate::{
    Commit, CommitError, Counted, CursorRecord, Cursors, Lease, LeaseError, LostSpan, Move,
    OpenPass, OpenWait, OpenWindow, PastRun, Position, Receipt, ResumeAt, RunSummary, SeenChange,
    SeenId, SetupDone, StreamKey, VendorDate, WaitedFor,
};

const TTL: Duration = Duration::from_secs(30);

fn stream(source: &str, partition: &str) -> StreamKey {
    StreamKey { source: source.to_owned(), partition: partition.to_owned() }
}

fn acme() -> StreamKey {
    stream("acme", "")
}

fn window(seconds: i64) -> OpenWindow {
    OpenWindow {
        start: at(seconds),
        end: at(seconds + 60),
        cut_to: Some(at(seconds + 30)),
        done_before: at(seconds),
        first: true,
        next: Some(ResumeAt::Url("https://api.example.com/?after=2".to_owned())),
        restarts: 1,
        ascending: true,
        rises: false,
        counted: None,
        request_digest: "digest".to_owned(),
    }
}

/// A record that has moved.
#[expect(clippy::disallowed_methods, reason = "what is stored here was never delivered")]
fn moved(moved: Move) -> CursorRecord {
    let mut record = CursorRecord::default();
    record.advance(moved, Receipt::of_delivery(0, 0));
    record
}

fn record(seconds: i64) -> CursorRecord {
    let done = Some(Position::Time(at(seconds)));
    moved(Move { done, open: Some(window(seconds)), ..CursorRecord::default().unmoved() })
}

async fn lease(cursors: &dyn Cursors, seconds: i64) -> Lease {
    cursors.lease(&acme(), at(seconds), TTL).await.expect("the lease is free")
}

async fn commit(
    cursors: &dyn Cursors,
    lease: &Lease,
    record: &CursorRecord,
    seen: SeenChange<'_>,
) -> Result<(), CommitError> {
    cursors.commit(lease, Commit { record, seen }).await
}

async fn seen(cursors: &dyn Cursors, stream: &StreamKey) -> Vec<SeenId> {
    cursors.seen(stream).await.expect("a read")
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

/// However close they come.
pub async fn of_runs_that_ask_at_once_one_gets_the_lease(backend: Backend) {
    let cursors = &*backend.cursors;
    let stream = acme();
    for round in 0..4 {
        let now = at(round * 60);
        let asked = (0..8).map(|_| cursors.lease(&stream, now, TTL)).collect();
        let given = super::at_once(asked).await.into_iter().filter(|given| {
            assert!(!matches!(given, Err(LeaseError::Store(_))), "{given:?}");
            given.is_ok()
        });
        assert_eq!(given.count(), 1, "round {round}");
    }
}

/// Its holder's clock was a year ahead. A clock that is a little ahead takes nothing away.
pub async fn a_lease_from_the_far_future_holds_nobody_off(backend: Backend) {
    let cursors = &*backend.cursors;
    let first = lease(cursors, 365 * 86_400).await;
    let second = lease(cursors, 0).await;
    assert!(second.fence > first.fence);
    let renewed = cursors.renew(&first, at(1), TTL).await;
    assert!(matches!(renewed, Err(CommitError::LeaseLost)), "{renewed:?}");
    let held = cursors.lease(&acme(), at(-3_000), TTL).await;
    assert!(matches!(held, Err(LeaseError::Held { until }) if until == at(30)), "{held:?}");
}

/// From the moment it is renewed, not from its old end.
pub async fn a_renewed_lease_lasts_longer(backend: Backend) {
    let cursors = &*backend.cursors;
    let first = lease(cursors, 0).await;
    let renewed = cursors.renew(&first, at(20), TTL).await.expect("the lease is good");
    assert_eq!((&renewed.stream, renewed.fence, renewed.until), (&acme(), first.fence, at(50)));
    let held = cursors.lease(&acme(), at(49), TTL).await;
    assert!(matches!(held, Err(LeaseError::Held { until }) if until == at(50)), "{held:?}");
    lease(cursors, 50).await;
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

/// Neither the record nor the ids.
pub async fn a_commit_with_a_stale_fence_stores_nothing(backend: Backend) {
    let cursors = &*backend.cursors;
    let old = lease(cursors, 0).await;
    let ids = [SeenId { time_ms: 1, hash: 2 }];
    commit(cursors, &old, &record(1), SeenChange::Replace(&ids)).await.expect("the lease is good");
    let new = lease(cursors, 31).await;
    for stale in [SeenChange::Replace(&[]), SeenChange::Add(&ids), SeenChange::Keep] {
        let lost = commit(cursors, &old, &record(2), stale).await;
        assert!(matches!(lost, Err(CommitError::LeaseLost)), "{lost:?}");
    }
    let stored = cursors.read(&acme()).await.expect("a read").expect("a cursor");
    assert_eq!(stored.record, record(1));
    assert_eq!(seen(cursors, &acme()).await, ids);
    commit(cursors, &new, &record(3), SeenChange::Keep).await.expect("the new lease is good");
}

/// What comes next need not wait until it runs out. One that is lost ends no other.
pub async fn a_last_commit_ends_the_lease(backend: Backend) {
    let cursors = &*backend.cursors;
    let old = lease(cursors, 0).await;
    let (first, second) = (record(1), record(2));
    let last = |record| Commit { record, seen: SeenChange::Keep };
    cursors.commit_last(&old, last(&first)).await.expect("the lease is good");
    let stored = cursors.read(&acme()).await.expect("a read").expect("a cursor");
    assert_eq!((stored.record, stored.leased_until), (record(1), None));
    let new = lease(cursors, 0).await;
    let lost = cursors.commit_last(&old, last(&second)).await;
    assert!(matches!(lost, Err(CommitError::LeaseLost)), "{lost:?}");
    let stored = cursors.read(&acme()).await.expect("a read").expect("a cursor");
    assert_eq!((stored.record, stored.leased_until), (record(1), Some(new.until)));
    let listed = cursors.list_of("acme").await.expect("a list");
    assert_eq!(listed.len(), 1);
    assert!(cursors.list_of("acm").await.expect("a list").is_empty());
}

/// Nobody else moved the cursor meanwhile.
pub async fn a_lease_that_ran_out_may_commit_while_nobody_took_it(backend: Backend) {
    let cursors = &*backend.cursors;
    let held = cursors.lease(&acme(), at(0), Duration::ZERO).await.expect("the lease is free");
    commit(cursors, &held, &record(1), SeenChange::Keep).await.expect("nobody took it");
    let stored = cursors.read(&acme()).await.expect("a read").expect("a cursor");
    assert_eq!(stored.record, record(1));
}

/// It cannot be renewed either, and the new one stays as it is.
pub async fn after_a_takeover_the_old_lease_moves_nothing(backend: Backend) {
    let cursors = &*backend.cursors;
    let old = lease(cursors, 0).await;
    let new = lease(cursors, 31).await;
    let lost = cursors.renew(&old, at(32), TTL).await;
    assert!(matches!(lost, Err(CommitError::LeaseLost)), "{lost:?}");
    let stored = cursors.read(&acme()).await.expect("a read").expect("a cursor");
    assert_eq!((stored.fence, stored.leased_until), (new.fence, Some(new.until)));
}

/// The next run need not wait for its end.
pub async fn a_released_lease_is_free_at_once(backend: Backend) {
    let cursors = &*backend.cursors;
    let first = lease(cursors, 0).await;
    cursors.release(&first).await.expect("a release");
    let second = lease(cursors, 1).await;
    assert!(second.fence > first.fence);
}

/// A run that lost its lease may still release it.
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
    let ids = [
        SeenId { time_ms: i64::MIN, hash: u64::MAX },
        SeenId { time_ms: 1_795_514_400_123, hash: 0 },
    ];
    commit(cursors, &held, &record(5), SeenChange::Replace(&ids)).await.expect("the lease is good");
    let stored = cursors.read(&acme()).await.expect("a read").expect("a cursor");
    assert_eq!(stored.record, record(5));
    assert_eq!(seen(cursors, &acme()).await, ids);
    assert_eq!((stored.fence, stored.leased_until), (held.fence, Some(held.until)));
}

/// Every kind of position, and moments to the nanosecond.
pub async fn a_record_comes_back_with_every_field(backend: Backend) {
    let cursors = &*backend.cursors;
    let held = lease(cursors, 0).await;
    let mut full = moved(Move {
        done: Some(Position::Token("a=b&c \"d\" ü".to_owned())),
        open: Some(OpenWindow {
            next: Some(ResumeAt::Token(String::new())),
            restarts: u32::MAX,
            ascending: false,
            rises: true,
            counted: Some(Counted { total: 9, read: 4, shrunk: 1 }),
            ..window(1)
        }),
        pass: Some(OpenPass {
            from: Some(Position::Id("0012".to_owned())),
            newest: Some(Position::TimeId { time: at(7), id: "9007199254740993".to_owned() }),
            next: ResumeAt::Token("p2".to_owned()),
            ascending: true,
            horizon: at(6),
            counted: Some(Counted { total: u64::MAX, read: 0, shrunk: 0 }),
            request_digest: "digest".to_owned(),
        }),
        reached: Some(at(8)),
        anchor: Some(at(-5)),
        link_request: Some("another digest".to_owned()),
        leads_back: Some("MA==".to_owned()),
    });
    full.ask();
    full.note_passed(true);
    full.note_circle(ResumeAt::Token("p1".to_owned()));
    full.last_run = Some(RunSummary {
        started: Some(at(1)),
        ended: Some(at(2)),
        requests: u64::MAX,
        pages: 2,
        records: 3,
        delivered: 4,
        rejected: 5,
        duplicates: 6,
        late: 7,
        late_max_s: 10,
        limit_wait_ms: 11,
        held_back: 8,
        untimed: 13,
        gone: 12,
        dedupe_overflow: 9,
        missing: 14,
        fallbacks: BTreeMap::from([("summary".to_owned(), 2)]),
        lost: Some(LostSpan { from: at(-9), to: at(-3) }),
        error: Some("the vendor said: no\nsuch token".to_owned()),
        failing_since: Some(at(-3_600)),
    });
    full.next_run = Some(at(3));
    full.setup = Some(SetupDone {
        steps: 2,
        at: at(5),
        values: [("job".to_owned(), "a\"b ü".to_owned())].into(),
        request_digest: "a third digest".to_owned(),
        doubtful: true,
    });
    full.wait = Some(OpenWait {
        of: WaitedFor::Page(Some(ResumeAt::Token("p3".to_owned()))),
        since: at(9),
        values: [("response".to_owned(), "r-1".to_owned())].into(),
        request_digest: "a fourth digest".to_owned(),
    });
    full.vendor_date = Some(VendorDate { date: at(-3_600), at: at(6) });
    full.paused = Some(at(4));
    full.history = vec![PastRun {
        ended: at(2),
        done: Some(Position::Time(at(1))),
        delivered: 4,
        rejected: 5,
        error: Some("no".to_owned()),
        put_off: true,
    }];
    let link = Position::Link("https://api.example.com/?after=%2f+2".to_owned());
    let by_link = CursorRecord::at(link);
    for record in [full, by_link, CursorRecord::default()] {
        commit(cursors, &held, &record, SeenChange::Keep).await.expect("the lease is good");
        let stored = cursors.read(&acme()).await.expect("a read").expect("a cursor");
        assert_eq!(stored.record, record);
    }
}

/// As many as the dedupe of a busy stream keeps.
pub async fn a_large_set_of_seen_ids_comes_back(backend: Backend) {
    let cursors = &*backend.cursors;
    let held = lease(cursors, 0).await;
    let spread = 0x9e37_79b9_7f4a_7c15_u64;
    let ids: Vec<_> = (0..10_000)
        .map(|n| SeenId {
            time_ms: 1_795_514_400_000 + n,
            hash: n.unsigned_abs().wrapping_mul(spread),
        })
        .collect();
    commit(cursors, &held, &record(1), SeenChange::Replace(&ids)).await.expect("the lease is good");
    assert!(seen(cursors, &acme()).await == ids, "the ids changed");
}

/// They come after those that are there, also where one is there already.
pub async fn ids_of_a_page_are_added_to_those_that_are_stored(backend: Backend) {
    let cursors = &*backend.cursors;
    let id = |time_ms, hash| SeenId { time_ms, hash };
    let held = lease(cursors, 0).await;
    let mut all = Vec::new();
    for page in 0..12 {
        let ids = [id(9 - page, 1), id(page, 100 + page.unsigned_abs())];
        commit(cursors, &held, &record(page), SeenChange::Add(&ids)).await.expect("it is good");
        all.extend(ids);
    }
    assert_eq!(seen(cursors, &acme()).await, all);
    commit(cursors, &held, &record(20), SeenChange::Add(&[])).await.expect("it is good");
    assert_eq!(seen(cursors, &acme()).await, all);
    let few = [id(5, 5)];
    commit(cursors, &held, &record(21), SeenChange::Replace(&few)).await.expect("it is good");
    assert_eq!(seen(cursors, &acme()).await, few);
    cursors.release(&held).await.expect("a release");
    let next = lease(cursors, 1).await;
    commit(cursors, &next, &record(22), SeenChange::Add(&[id(6, 6)])).await.expect("it is good");
    assert_eq!(seen(cursors, &acme()).await, [id(5, 5), id(6, 6)]);
    cursors.set(&acme(), &record(23)).await.expect("a cursor is set");
    let last = lease(cursors, 2).await;
    commit(cursors, &last, &record(24), SeenChange::Add(&[id(7, 7)])).await.expect("it is good");
    assert_eq!(seen(cursors, &acme()).await, [id(7, 7)]);
}

/// A commit that says nothing about them leaves them.
pub async fn seen_ids_stay_when_a_commit_has_none(backend: Backend) {
    let cursors = &*backend.cursors;
    let held = lease(cursors, 0).await;
    let ids = [SeenId { time_ms: 1, hash: 2 }];
    commit(cursors, &held, &record(1), SeenChange::Replace(&ids)).await.expect("the lease is good");
    commit(cursors, &held, &record(2), SeenChange::Keep).await.expect("the lease is good");
    assert_eq!(seen(cursors, &acme()).await, ids);
    commit(cursors, &held, &record(3), SeenChange::Replace(&[])).await.expect("the lease is good");
    assert_eq!(seen(cursors, &acme()).await, []);
}

/// What a person sets stays set.
pub async fn setting_a_cursor_shuts_out_the_run_under_way(backend: Backend) {
    let cursors = &*backend.cursors;
    let held = lease(cursors, 0).await;
    let ids = [SeenId { time_ms: 1, hash: 2 }];
    commit(cursors, &held, &record(1), SeenChange::Replace(&ids)).await.expect("the lease is good");
    let by_hand = CursorRecord::at(Position::Token("t".to_owned()));
    cursors.set(&acme(), &by_hand).await.expect("a cursor is set");
    let lost = commit(cursors, &held, &record(2), SeenChange::Replace(&ids)).await;
    assert!(matches!(lost, Err(CommitError::LeaseLost)), "{lost:?}");
    let lost = cursors.renew(&held, at(1), TTL).await;
    assert!(matches!(lost, Err(CommitError::LeaseLost)), "{lost:?}");
    let stored = cursors.read(&acme()).await.expect("a read").expect("a cursor");
    assert_eq!(stored.record, by_hand);
    assert!(stored.fence > held.fence);
    assert_eq!(seen(cursors, &acme()).await, []);
    assert!(lease(cursors, 1).await.fence > stored.fence);
}

/// A person says where the first run starts.
pub async fn a_cursor_can_be_set_before_any_run(backend: Backend) {
    let cursors = &*backend.cursors;
    cursors.set(&acme(), &record(1)).await.expect("a cursor is set");
    let stored = cursors.read(&acme()).await.expect("a read").expect("a cursor");
    assert_eq!((stored.record, stored.leased_until), (record(1), None));
    assert!(lease(cursors, 0).await.fence > stored.fence);
    let stored = cursors.read(&acme()).await.expect("a read").expect("a cursor");
    assert_eq!(stored.record, record(1), "a lease changes no record");
}

/// By source and then by partition.
pub async fn streams_are_listed_in_order(backend: Backend) {
    let cursors = &*backend.cursors;
    assert!(cursors.list().await.expect("a list").is_empty());
    let streams = [stream("b", ""), stream("a", "2"), stream("a", "1"), stream("a", "")];
    for stream in &streams {
        cursors.lease(stream, at(0), TTL).await.expect("every stream has a lease of its own");
    }
    cursors.set(&stream("a", "1"), &record(9)).await.expect("a cursor is set");
    let listed = cursors.list().await.expect("a list");
    let keys: Vec<_> = listed.iter().map(|cursor| cursor.stream.to_string()).collect();
    assert_eq!(keys, ["a", "a/1", "a/2", "b"]);
    for cursor in listed {
        let read = cursors.read(&cursor.stream).await.expect("a read");
        assert_eq!(read, Some(cursor), "what is listed is what is read");
    }
}

/// Also if source and partition give the same text when joined.
pub async fn streams_do_not_touch_each_other(backend: Backend) {
    let cursors = &*backend.cursors;
    assert!(cursors.read(&acme()).await.expect("a read").is_none());
    assert!(cursors.seen(&acme()).await.expect("a read").is_empty());
    let one = stream("acme", "a/b");
    let held = cursors.lease(&one, at(0), TTL).await.expect("the lease is free");
    let ids = [SeenId { time_ms: 1, hash: 2 }];
    commit(cursors, &held, &record(9), SeenChange::Replace(&ids)).await.expect("the lease is good");
    for other in [acme(), stream("acme/a", "b"), stream("acme", "a"), stream("acme", "A/B")] {
        let lease = cursors.lease(&other, at(0), TTL).await.expect("a lease of its own");
        let stored = cursors.read(&other).await.expect("a read").expect("a cursor");
        assert_eq!(stored.record, CursorRecord::default(), "{other}");
        assert_eq!(seen(cursors, &other).await, [], "{other}");
        commit(cursors, &lease, &record(1), SeenChange::Replace(&[]))
            .await
            .expect("the lease is good");
    }
    let stored = cursors.read(&one).await.expect("a read").expect("a cursor");
    assert_eq!((stored.record, stored.fence), (record(9), held.fence));
    assert_eq!(seen(cursors, &one).await, ids);
}
