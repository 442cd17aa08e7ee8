//! What the embedded backend promises beyond the ports: one file that several
//! processes share, that keeps what it was given, and that nobody else reads.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::error::Error as _;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use mef_ports::conformance::receipt;
use mef_ports::{
    AccessToken, BlobKey, Blobs, Clock, Commit, CursorRecord, Cursors as _, DeadLetter,
    DeadLetters, Deliveries as _, DeliveryKey, LeaseError, Limits as _, Message, Position,
    Queue as _, RawRecord, Secret, SeenChange, SeenId, Settled, Stage, StreamKey, TokenKey, Tokens,
};
use mef_sqlite::{Counts, OpenError, Store};
use rusqlite::Connection;
use tempfile::TempDir;

/// A clock that stands where it is set, in milliseconds.
struct SetClock(AtomicI64);

#[async_trait]
impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

fn clock_at(milliseconds: i64) -> Arc<SetClock> {
    Arc::new(SetClock(AtomicI64::new(milliseconds)))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn open(folder: &TempDir) -> Store {
    Store::open(folder.path().join("mef.db"), clock_at(1_795_514_400_123)).unwrap()
}

fn message(id: impl Into<String>) -> Message {
    Message { event_id: id.into(), source: "acme".to_owned(), body: "{}".to_owned() }
}

fn stream() -> StreamKey {
    StreamKey { source: "acme".to_owned(), partition: String::new() }
}

fn letter(id: &str) -> DeadLetter {
    DeadLetter {
        id: id.to_owned(),
        source: "acme".to_owned(),
        stage: Stage::Decode,
        reason: "no JSON".to_owned(),
        place: String::new(),
        raw: RawRecord::Text("{".to_owned()),
        headers: Default::default(),
        query: Default::default(),
        parent: None,
        delivery_id: None,
        cursor_id: None,
        index: 0,
        part: Vec::new(),
        received_at: at(0),
        source_version: "abc".to_owned(),
        channel: "webhook".to_owned(),
        attempts: 1,
    }
}

async fn ids(store: &Store) -> Vec<String> {
    let events = store.events(None, usize::MAX).await.unwrap();
    events.into_iter().map(|event| event.message.event_id).collect()
}

#[tokio::test]
async fn a_dead_letter_that_cannot_be_read_fails_no_other_and_can_be_dropped() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let letters: &dyn DeadLetters = &store;
    letters.put(&[letter("1"), letter("2"), letter("3")]).await.unwrap();
    let file = Connection::open(folder.path().join("mef.db")).unwrap();
    file.execute("UPDATE dead_letters SET letter = '{' WHERE id = '2'", []).unwrap();
    let ids = |letters: Vec<DeadLetter>| letters.into_iter().map(|l| l.id).collect::<Vec<_>>();
    assert_eq!(ids(letters.list(None, 10).await.unwrap()), ["1", "3"]);
    let taken = letters.take(None, 10, at(0), Duration::from_secs(60)).await.unwrap();
    assert_eq!(ids(taken.letters.into_iter().map(|taken| taken.letter).collect()), ["1", "3"]);
    let [unreadable] = taken.passed_over.as_slice() else { panic!("{:?}", taken.passed_over) };
    assert_eq!(unreadable.id, "2");
    let settled = Settled { receipt: unreadable.receipt.clone(), remains: Vec::new() };
    store.settle(&[settled]).await.unwrap();
    let left: u32 = file
        .query_row("SELECT count(*) FROM dead_letters WHERE id = '2'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn events_are_seen_in_order_and_stay_until_they_are_removed() {
    let store = Store::in_memory(clock_at(1_795_514_400_123)).unwrap();
    store.send(&[message("a"), message("b"), message("c")]).await.unwrap();
    assert_eq!(ids(&store).await, ["a", "b", "c"]);
    let first = store.events(None, 2).await.unwrap();
    assert_eq!(first.len(), 2);
    assert_eq!(first[0].queued_at.to_string(), "2026-11-24T10:00:00.123Z");
    let rest = store.events(Some(first[1].position), 2).await.unwrap();
    assert_eq!(rest.iter().map(|event| &event.message).collect::<Vec<_>>(), [&message("c")]);
    store.remove(&[first[0].position, rest[0].position]).await.unwrap();
    assert_eq!(ids(&store).await, ["b"]);
}

/// Whoever follows the queue by position would miss an event otherwise.
#[tokio::test]
async fn a_position_is_never_given_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    store.send(&[message("a"), message("b")]).await.unwrap();
    let before: Vec<_> =
        store.events(None, 9).await.unwrap().iter().map(|event| event.position).collect();
    store.remove(&before).await.unwrap();
    drop(store);
    let store = open(&folder);
    store.send(&[message("c")]).await.unwrap();
    let after = store.events(before.last().copied(), 9).await.unwrap();
    assert_eq!(after.len(), 1, "the new event lies behind the old ones");
}

#[tokio::test]
async fn an_event_larger_than_any_queue_takes_is_kept() {
    let store = Store::in_memory(clock_at(0)).unwrap();
    let large = Message { body: format!("\"{}\"", "é".repeat(4 << 20)), ..message("large") };
    store.send(std::slice::from_ref(&large)).await.unwrap();
    let kept = store.events(None, 1).await.unwrap().remove(0).message;
    assert!(kept == large, "the event changed");
}

#[tokio::test]
async fn the_store_counts_what_it_holds() {
    let store = Store::in_memory(clock_at(0)).unwrap();
    assert_eq!(store.counts().await.unwrap(), Counts { events: 0, dead_letters: 0 });
    store.send(&[message("a"), message("b")]).await.unwrap();
    DeadLetters::put(&store, &[letter("1")]).await.unwrap();
    assert_eq!(store.counts().await.unwrap(), Counts { events: 2, dead_letters: 1 });
}

/// `mef run` beside `mef events`.
#[tokio::test(flavor = "multi_thread")]
async fn two_stores_on_one_file_see_each_other_and_respect_leases() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(&folder), open(&folder));
    one.send(&[message("a")]).await.unwrap();
    other.send(&[message("b")]).await.unwrap();
    assert_eq!(ids(&one).await, ["a", "b"]);
    assert_eq!(ids(&other).await, ["a", "b"]);

    let ttl = Duration::from_secs(30);
    let lease = one.lease(&stream(), at(0), ttl).await.unwrap();
    let held = other.lease(&stream(), at(29), ttl).await;
    assert!(matches!(held, Err(LeaseError::Held { until }) if until == at(30)), "{held:?}");
    let taken = other.lease(&stream(), at(30), ttl).await.unwrap();
    assert!(taken.fence > lease.fence);
    let commit = Commit { record: &CursorRecord::default(), seen: SeenChange::Keep };
    assert!(one.commit(&lease, commit).await.is_err(), "the other store has the lease");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_write_at_once_and_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [open(&folder), open(&folder)];
    let tasks: Vec<_> = (0..40)
        .map(|task| {
            let store = stores[task % 2].clone();
            tokio::spawn(async move { store.send(&[message(format!("{task:02}"))]).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), [Ok(())]);
    }
    let arrived: BTreeSet<_> = ids(&stores[0]).await.into_iter().collect();
    assert_eq!(arrived, (0..40).map(|task| format!("{task:02}")).collect());
}

async fn many_sends(store: Store) {
    let tasks: Vec<_> = (0..50)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for send in 0..4 {
                    let results = store.send(&[message(format!("{task}-{send}"))]).await.unwrap();
                    assert_eq!(results, [Ok(())]);
                    // Reads go on beside the writes.
                    assert!(!store.events(None, 1).await.unwrap().is_empty());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let arrived = ids(&store).await;
    assert_eq!(arrived.len(), 200);
    assert_eq!(arrived.into_iter().collect::<BTreeSet<_>>().len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_from_many_tasks_all_arrive_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    many_sends(open(&folder)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_from_many_tasks_all_arrive_in_memory_too() {
    many_sends(Store::in_memory(clock_at(0)).unwrap()).await;
}

#[tokio::test]
async fn reopening_keeps_everything() {
    let folder = tempfile::tempdir().unwrap();
    let delivery = DeliveryKey {
        source: "acme".to_owned(),
        delivery_id: "1".to_owned(),
        body_sha256: "x".to_owned(),
    };
    let (token, blob) = (TokenKey("t".to_owned()), BlobKey("b".to_owned()));
    let record = CursorRecord::at(Position::Time(at(5)));
    let seen = [SeenId { time_ms: 1, hash: 2 }];

    let store = open(&folder);
    store.send(&[message("a")]).await.unwrap();
    DeadLetters::put(&store, &[letter("1")]).await.unwrap();
    let lease = store.lease(&stream(), at(0), Duration::from_secs(30)).await.unwrap();
    store
        .commit(&lease, Commit { record: &record, seen: SeenChange::Replace(&seen) })
        .await
        .unwrap();
    store.mark_done(&delivery, at(9_000_000_000), &receipt()).await.unwrap();
    let access = AccessToken { token: Secret::new("s"), expires: None };
    Tokens::put(&store, &token, &access).await.unwrap();
    store.hold("c", at(60)).await.unwrap();
    Blobs::put(&store, &blob, Bytes::from_static(b"x")).await.unwrap();
    drop(store);

    let store = open(&folder);
    assert_eq!(ids(&store).await, ["a"]);
    assert_eq!(DeadLetters::get(&store, "1").await.unwrap(), Some(letter("1")));
    let stored = store.read(&stream()).await.unwrap().unwrap();
    assert_eq!((stored.record, stored.fence), (record, lease.fence));
    assert_eq!(stored.leased_until, Some(lease.until));
    assert_eq!(store.seen(&stream()).await.unwrap(), seen);
    assert!(store.is_done(&delivery, at(0)).await.unwrap());
    let found = Tokens::get(&store, &token, at(0)).await.unwrap().unwrap();
    assert_eq!(found.token.expose(), "s");
    assert_eq!(store.not_before("c", at(0)).await.unwrap(), Some(at(60)));
    let found = Blobs::get(&store, &blob).await.unwrap();
    assert_eq!(found, Some(Bytes::from_static(b"x")));
}

fn rows(path: &Path, query: &str) -> i64 {
    Connection::open(path).unwrap().query_row(query, [], |row| row.get(0)).unwrap()
}

/// Some with each write, so that none has to wait for all.
#[tokio::test]
async fn marks_that_ran_out_go_with_later_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (path, clock) = (folder.path().join("mef.db"), clock_at(0));
    let store = Store::open(&path, clock.clone()).unwrap();
    let key = |n: i32| DeliveryKey {
        source: "acme".to_owned(),
        delivery_id: n.to_string(),
        body_sha256: String::new(),
    };
    for n in 0..20 {
        store.mark_done(&key(n), at(60), &receipt()).await.unwrap();
    }
    let count = "SELECT count(*) FROM marks";
    assert_eq!(rows(&path, count), 20);
    clock.0.store(60_000, Ordering::Relaxed);
    store.mark_done(&key(20), at(120), &receipt()).await.unwrap();
    assert!((2..21).contains(&rows(&path, count)), "some go, and not all at once");
    for n in 21..25 {
        store.mark_done(&key(n), at(120), &receipt()).await.unwrap();
    }
    assert_eq!(rows(&path, count), 5, "those that are good stay");
}

/// A busy vendor has millions of them.
#[tokio::test]
async fn a_mark_takes_less_than_a_hundred_bytes_however_long_its_id_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mef.db");
    let store = Store::open(&path, clock_at(0)).unwrap();
    let pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
    let empty = rows(&path, pages);
    let mark = async |n: usize| {
        let delivery_id = format!("{n:0200}");
        let key =
            DeliveryKey { source: "acme".to_owned(), delivery_id, body_sha256: "x".repeat(64) };
        store.mark_done(&key, at(604_800), &receipt()).await.unwrap();
    };
    for n in 0..1_000 {
        mark(n).await;
    }
    let bytes = rows(&path, pages);
    assert!(bytes < empty + 1_000 * 100, "{} each", (bytes - empty) / 1_000);
}

/// Their form is read by later versions.
#[tokio::test]
async fn a_mark_is_kept_under_half_a_digest_of_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mef.db");
    let store = Store::open(&path, clock_at(0)).unwrap();
    let key = DeliveryKey {
        source: "acme".to_owned(),
        delivery_id: "d/1".to_owned(),
        body_sha256: "ab".repeat(32),
    };
    store.mark_done(&key, at(60), &receipt()).await.unwrap();
    let row = "SELECT lower(hex(key)) || ' ' || expires_ms FROM marks";
    let found: String =
        Connection::open(&path).unwrap().query_row(row, [], |row| row.get(0)).unwrap();
    assert_eq!(found, "b3ad73fb71f638dc306c33ac682c2cd9 60000");
}

#[tokio::test]
async fn tokens_that_ran_out_go_with_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, clock) = (folder.path().join("mef.db"), clock_at(0));
    let store = Store::open(&path, clock.clone()).unwrap();
    for (key, expires) in [("old", Some(at(60))), ("good", Some(at(61))), ("endless", None)] {
        let token = AccessToken { token: Secret::new("s"), expires };
        Tokens::put(&store, &TokenKey(key.to_owned()), &token).await.unwrap();
    }
    let count = "SELECT count(*) FROM tokens";
    assert_eq!(rows(&path, count), 3);
    clock.0.store(60_000, Ordering::Relaxed);
    let token = AccessToken { token: Secret::new("s"), expires: Some(at(120)) };
    Tokens::put(&store, &TokenKey("new".to_owned()), &token).await.unwrap();
    assert_eq!(rows(&path, count), 3);
    assert_eq!(rows(&path, "SELECT count(*) FROM tokens WHERE key = 'old'"), 0);
}

/// It holds access tokens. So does the log beside it.
#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    store.send(&[message("a")]).await.unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["mef.db", "mef.db-reserve", "mef.db-shm", "mef.db-wal"]);
}

fn refusal(path: &Path) -> OpenError {
    Store::open(path, clock_at(0)).map(drop).unwrap_err()
}

#[test]
fn a_file_from_the_future_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mef.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE events (x); PRAGMA user_version = 1000")
        .unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = refusal(&path).to_string();
    assert!(refused.contains("newer version"), "{refused}");
    assert!(refused.contains("schema 1000"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mef.db");
    let text = "a letter to a friend\n".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let refused = refusal(&path);
    assert!(matches!(refused, OpenError::NotAStore), "{refused:?}");
    assert!(refused.to_string().contains("is not a store"), "{refused}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

/// Our tables would appear among somebody's bookmarks.
#[test]
fn the_database_of_another_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mef.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE bookmarks (url)").unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = refusal(&path);
    assert!(matches!(refused, OpenError::NotAStore), "{refused:?}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_store_in_no_folder_says_what_the_system_said() {
    let folder = tempfile::tempdir().unwrap();
    let refused = refusal(&folder.path().join("none/mef.db"));
    let source = refused.source().unwrap().to_string();
    assert!(source.contains("No such file"), "{refused}: {source}");
}

/// SQLite would take a name that starts with `file:` for a URI.
#[tokio::test]
async fn a_path_is_a_path_whatever_it_looks_like() {
    let folder = tempfile::tempdir().unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    let store = Store::open("file:mef.db?mode=memory", clock_at(0)).unwrap();
    store.send(&[message("a")]).await.unwrap();
    assert_eq!(ids(&store).await, ["a"]);
    assert_eq!(store.path(), Path::new("file:mef.db?mode=memory"));
    assert!(folder.path().join("file:mef.db?mode=memory-wal").exists());
}

/// Two commands started at the same moment on a new file.
#[test]
fn stores_that_make_the_file_at_once_all_open() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let barrier = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    drop(open(&folder));
                });
            }
        });
    }
}
