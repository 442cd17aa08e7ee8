//! A file that an earlier version wrote.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::conformance::stored::Stored;
use mef_ports::{Clock, DeadLetters as _, Message, TokenClaim, Tokens as _};
use mef_sqlite::{Counts, Store};
use rusqlite::Connection;

struct StillClock;

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn sleep(&self, _: Duration) {}
}

#[tokio::test]
async fn a_store_of_version_3_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mef.db");
    Connection::open(&path).unwrap().execute_batch(include_str!("stored/version-3.sql")).unwrap();
    let store = Store::open(&path, Arc::new(StillClock)).unwrap();
    let stored = Stored { table: &store, dead_letters: &store, blobs: &store };
    stored.is_read().await;

    assert_eq!(store.counts().await.unwrap(), Counts { events: 2, dead_letters: 5 });
    let queued_at: Timestamp = "2026-11-24T10:00:00.123Z".parse().unwrap();
    for (event, (position, event_id, body)) in store
        .events(None, usize::MAX)
        .await
        .unwrap()
        .into_iter()
        .zip([(1, "e-1", r#"{"n":1.10}"#), (3, "e-3", r#"{"t":"é\uffff"}"#)])
    {
        assert_eq!((event.position, event.queued_at), (position, queued_at));
        let (event_id, source) = (event_id.to_owned(), "okta".to_owned());
        assert_eq!(event.message, Message { event_id, source, body: body.to_owned() });
    }

    // A redrive holds the first letter.
    let held_until = Timestamp::from_millisecond(1_795_514_700_123).unwrap();
    let before = held_until.checked_sub(Duration::from_millis(1)).unwrap();
    for (now, letters) in [(before, 4), (held_until, 1)] {
        let taken = store.take(None, 9, now, Duration::from_secs(60)).await.unwrap();
        assert_eq!(taken.letters.len(), letters);
    }

    // A process has claimed the token.
    let (token, end) = (Stored::<Store>::token(), Stored::<Store>::end());
    let before = end.checked_sub(Duration::from_nanos(1)).unwrap();
    let other = TokenClaim("claim-2".to_owned());
    assert!(!store.claim(&token, &other, before, end).await.unwrap());
    assert!(store.claim(&token, &other, end, held_until).await.unwrap());
}
