//! Runs dead letters through a corrected source file.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and stands in for the poller"
)]

mod damaged;
mod takes;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::{LiveSecrets, verify};
use mef_pipeline::{
    Admitted, Channel, Fetched, Outputs, Pipeline, Pipelines, Redriven, deliver, redrive,
};
use mef_ports::{
    Clock, DeadLetter, DeadLetters as _, Message, Queue, RawRecord, Refused, StoreError,
};
use mef_source::Source;
use mef_sqlite::Store;
use serde_json::{Value, json};

struct TestClock;

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        "2026-11-24T10:00:00Z".parse().unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

/// A queue whose first sends fail.
struct TestQueue {
    store: Store,
    away: AtomicUsize,
}

#[async_trait]
impl Queue for TestQueue {
    async fn send(&self, batch: &[Message]) -> Result<Vec<Result<(), Refused>>, StoreError> {
        let took = |left: usize| left.checked_sub(1);
        if self.away.fetch_update(Ordering::Relaxed, Ordering::Relaxed, took).is_ok() {
            return Err(StoreError::new("send to the queue", "away"));
        }
        self.store.send(batch).await
    }
}

/// Today's source, if it exists.
struct Today(Mutex<Option<Source>>);

impl Pipelines for Today {
    fn find(&self, source: &str, channel: Channel) -> Option<Arc<Pipeline>> {
        let today = self.0.lock().unwrap();
        let found = today.as_ref().filter(|today| today.name.as_str() == source)?;
        match channel {
            Channel::Webhook => Pipeline::for_webhook(found),
            Channel::Poll => Pipeline::for_poll(found),
        }
        .map(Arc::new)
    }
}

struct Bench {
    store: Store,
    queue: Arc<TestQueue>,
    outputs: Outputs,
    today: Today,
}

/// Returns a source whose schema requires the fields in `required`.
fn source(required: &str, rest: &str) -> Source {
    let file = format!(
        "source: acme\nwebhook: {{ unauthenticated: test }}\npoll:\n  schedule: rate(1 minute)\n  \
         request: {{ get: \"https://api.example.com/\", query: {{ since: \"{{window.start}}\" }} }}\n  \
         records: \"\"\n  cursor: {{ time: t, id: id, overlap: 1s }}\n\
         event: {{ id: \"{{id}}\", schema: s.json{rest} }}\n"
    );
    let schema = format!("{{\"required\":[{required}]}}");
    mef_source::load(&file, &|_| Ok(schema.clone())).unwrap().source
}

impl Bench {
    fn new(today: Option<Source>) -> Bench {
        let store = Store::in_memory(Arc::new(TestClock)).unwrap();
        let queue = Arc::new(TestQueue { store: store.clone(), away: AtomicUsize::new(0) });
        let outputs = Outputs {
            queue: queue.clone(),
            dead_letters: Arc::new(store.clone()),
            clock: Arc::new(TestClock),
        };
        Bench { store, queue, outputs, today: Today(Mutex::new(today)) }
    }

    /// Has yesterday's source reject `body`, which came as `content_type`.
    async fn push(&self, yesterday: &Source, content_type: &str, body: &[u8]) {
        self.push_with(yesterday, &[("content-type", content_type)], body).await;
    }

    async fn push_with(&self, yesterday: &Source, headers: &[(&str, &str)], body: &[u8]) {
        let header = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        let headers = headers.iter().map(header).collect();
        let request = Request::new("POST", "/acme", "", headers, body.to_vec());
        let webhook = yesterday.webhook.as_ref().unwrap();
        let now = TestClock.now();
        let verified = verify(webhook, request, &LiveSecrets::default(), now).unwrap();
        let admitted =
            Admitted::webhook(&verified, webhook, now).of_delivery(Some("d-1".to_owned()));
        let outcome = Pipeline::for_webhook(yesterday).unwrap().run(admitted);
        let _ = deliver(&self.outputs, outcome).await.unwrap();
    }

    async fn redrive(&self) -> Result<Redriven, StoreError> {
        redrive(&self.outputs, &self.today, None, &|| true).await
    }

    async fn letters(&self) -> Vec<DeadLetter> {
        self.store.list(None, 1000).await.unwrap()
    }

    async fn events(&self) -> Vec<(String, Value)> {
        let events = self.store.events(None, 1000).await.unwrap();
        let mut events: Vec<_> = events
            .into_iter()
            .map(|e| (e.message.event_id, serde_json::from_str(&e.message.body).unwrap()))
            .collect();
        events.sort_by_key(|(_, event): &(_, Value)| event["details"].to_string());
        events
    }
}

#[tokio::test]
async fn a_mended_source_file_lets_the_record_through_with_the_id_it_would_have_had() {
    let (strict, mended) = (source("\"id\",\"extra\"", ""), source("\"id\"", ""));
    let bench = Bench::new(Some(mended.clone()));
    bench.push(&strict, "application/json", br#"[{"id":1},{"id":2}]"#).await;
    assert_eq!(bench.letters().await.len(), 2);
    let done = bench.redrive().await.unwrap();
    assert_eq!((done.redriven, done.delivered, done.refused_again), (2, 2, 0));
    assert!(bench.letters().await.is_empty());

    let at_first = Bench::new(None);
    at_first.push(&mended, "application/json", br#"[{"id":1},{"id":2}]"#).await;
    assert_eq!(bench.events().await, at_first.events().await);
}

#[tokio::test]
async fn what_is_refused_again_stays_once_with_one_more_attempt() {
    let strict = source("\"id\",\"extra\"", "");
    let bench = Bench::new(Some(strict.clone()));
    let many: Vec<_> = (0..25).map(|n| json!({ "id": n })).collect();
    bench.push(&strict, "application/json", json!(many).to_string().as_bytes()).await;
    for attempts in 2..4 {
        let done = bench.redrive().await.unwrap();
        assert_eq!((done.redriven, done.refused_again), (0, 25));
        let letters = bench.letters().await;
        assert_eq!(letters.len(), 25);
        assert!(letters.iter().all(|letter| letter.attempts == attempts));
    }
}

#[tokio::test]
async fn a_body_that_is_read_at_last_gives_all_its_records() {
    let (json, form) = (source("\"id\"", ""), source("\"id\"", ", split: list"));
    let bench = Bench::new(Some(form));
    bench.push(&json, "application/json", br#"{"list":[{"id":1},{"id":2},{}],"org":7}"#).await;
    assert_eq!(bench.letters().await.len(), 1);
    let done = bench.redrive().await.unwrap();
    assert_eq!((done.delivered, done.refused_again), (2, 1));
    let letters = bench.letters().await;
    let letter = (letters[0].index, letters[0].part.as_slice(), &letters[0].parent);
    assert_eq!(letter, (0, [2].as_slice(), &Some(json!({"org": 7}))));
}

#[tokio::test]
async fn a_line_of_a_body_that_was_not_json_is_read_again() {
    let source = source("\"id\"", "");
    let bench = Bench::new(Some(source.clone()));
    bench.push(&source, "application/x-ndjson", b"{\"id\":1}\n{\"id\":\n\xff\n").await;
    let stored = bench.letters().await;
    assert_eq!(stored.len(), 2);
    let done = bench.redrive().await.unwrap();
    assert_eq!((done.redriven, done.refused_again), (0, 2));
    let again = bench.letters().await;
    let raws = |letters: &[DeadLetter]| letters.iter().map(|l| l.raw.clone()).collect::<Vec<_>>();
    assert_eq!(raws(&again), raws(&stored));
}

#[tokio::test]
async fn a_fetched_record_keeps_the_id_that_its_cursor_found() {
    let without_id = |required: &str| {
        let file = "source: acme\npoll:\n  schedule: rate(1 minute)\n  \
             request: { get: \"https://api.example.com/\", query: { since: \"{window.start}\" } }\n  \
             records: \"\"\n  cursor: { time: t, id: id, overlap: 1s }\nevent: { schema: s.json }\n";
        let schema = format!("{{\"required\":[{required}]}}");
        mef_source::load(file, &|_| Ok(schema.clone())).unwrap().source
    };
    let page = |source: &Source| {
        let record = Fetched::new(json!({"id": 1}), Some("cursor-id".to_owned()));
        Pipeline::for_poll(source).unwrap().page(TestClock.now(), [record])
    };
    let (strict, mended) = (without_id("\"extra\""), without_id("\"id\""));
    let bench = Bench::new(Some(mended.clone()));
    let _ = deliver(&bench.outputs, page(&strict)).await.unwrap();
    bench.redrive().await.unwrap();
    let expected = page(&mended).events[0].message.event_id.clone();
    assert_eq!(bench.events().await[0].0, expected);
}

#[tokio::test]
async fn letters_of_a_source_that_is_gone_stay_and_hide_no_others() {
    let strict = source("\"id\",\"extra\"", "");
    let bench = Bench::new(None);
    let many: Vec<_> = (0..25).map(|n| json!({ "id": n })).collect();
    bench.push(&strict, "application/json", json!(many).to_string().as_bytes()).await;
    let before = bench.letters().await;
    let done = bench.redrive().await.unwrap();
    assert_eq!((done.no_source, done.redriven), (25, 0));
    assert_eq!(bench.letters().await, before);
    // No letter is held: the next redrive finds them all.
    *bench.today.0.lock().unwrap() = Some(source("\"id\"", ""));
    assert_eq!(bench.redrive().await.unwrap().redriven, 25);
}

#[tokio::test]
async fn while_the_queue_is_away_every_letter_stays() {
    let strict = source("\"id\",\"extra\"", "");
    let bench = Bench::new(Some(source("\"id\"", "")));
    bench.push(&strict, "application/json", br#"[{"id":1},{"id":2},{"id":3}]"#).await;
    bench.queue.away.store(1, Ordering::Relaxed);
    assert!(bench.redrive().await.is_err());
    assert_eq!(bench.letters().await.len() + bench.events().await.len(), 3);
    assert_eq!(bench.letters().await.len(), 1);
    bench.redrive().await.unwrap();
    assert_eq!((bench.letters().await.len(), bench.events().await.len()), (0, 3));
}

#[tokio::test]
async fn a_redrive_that_is_out_of_time_says_so_and_holds_nothing() {
    let strict = source("\"id\",\"extra\"", "");
    let bench = Bench::new(Some(source("\"id\"", "")));
    let many: Vec<_> = (0..15).map(|n| json!({ "id": n })).collect();
    bench.push(&strict, "application/json", json!(many).to_string().as_bytes()).await;
    let turns = AtomicUsize::new(0);
    let once = || turns.fetch_add(1, Ordering::Relaxed) == 0;
    let done = redrive(&bench.outputs, &bench.today, None, &once).await.unwrap();
    assert_eq!((done.redriven, done.unfinished), (10, true));
    assert_eq!(bench.redrive().await.unwrap().redriven, 5);
}

#[tokio::test]
async fn equal_records_out_of_two_larger_ones_are_two_letters_and_two_events() {
    let file = |required: &str| {
        let file = "source: acme\npoll:\n  schedule: rate(1 minute)\n  \
             request: { get: \"https://api.example.com/\", query: { since: \"{window.start}\" } }\n  \
             records: \"\"\n  cursor: { time: t, overlap: 1s }\nevent: { schema: s.json, split: items }\n";
        let schema = format!("{{\"required\":[{required}]}}");
        mef_source::load(file, &|_| Ok(schema.clone())).unwrap().source
    };
    let (strict, mended) = (file("\"extra\""), file("\"x\""));
    let records = ["alice", "bob"]
        .map(|user| Fetched::new(json!({ "user": user, "items": [{ "x": 1 }] }), None));
    let outcome = Pipeline::for_poll(&strict).unwrap().page(TestClock.now(), records);
    let bench = Bench::new(Some(mended));
    let _ = deliver(&bench.outputs, outcome).await.unwrap();
    assert_eq!(bench.letters().await.len(), 2);
    assert_eq!(bench.redrive().await.unwrap().redriven, 2);
    let events = bench.events().await;
    assert_ne!(events[0].0, events[1].0);
}

/// Returns a pushed source whose records have only their number as an id.
fn by_place(schema: &str, rest: &str) -> Source {
    let file = format!(
        "source: acme\nwebhook: {{ unauthenticated: test }}\nevent: {{ schema: s.json{rest} }}\n"
    );
    mef_source::load(&file, &|_| Ok(schema.to_owned())).unwrap().source
}

#[tokio::test]
async fn parts_of_a_record_have_no_id_of_another_record_of_their_delivery() {
    let strict = by_place(r#"{"required":["extra"]}"#, "");
    let bench = Bench::new(Some(by_place("{}", ", split: list")));
    let body = br#"[{"list":[{"n":1},{"n":2}]},{"list":[{"n":3}]},{"list":[{"n":4},{"n":5}]}]"#;
    bench.push(&strict, "application/json", body).await;
    assert_eq!(bench.redrive().await.unwrap().delivered, 5);
    let ids: std::collections::BTreeSet<_> =
        bench.events().await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), 5, "{ids:?}");
}

#[tokio::test]
async fn equal_parts_that_are_refused_stay_apart_and_keep_their_places() {
    let strict = by_place(r#"{"required":["extra"]}"#, "");
    let apart = by_place(r#"{"required":["extra"]}"#, ", split: list");
    let bench = Bench::new(Some(apart));
    let body = br#"[{"list":[{"n":1},{"n":1}]},{"list":[{"n":1}]}]"#;
    bench.push(&strict, "application/json", body).await;
    assert_eq!(bench.redrive().await.unwrap().refused_again, 2);
    let places = |letters: Vec<DeadLetter>| {
        let mut places: Vec<_> = letters.into_iter().map(|l| (l.index, l.part)).collect();
        places.sort();
        places
    };
    let expected = [(0, vec![0]), (0, vec![1]), (1, vec![0])];
    assert_eq!(places(bench.letters().await), expected);
    // A part is not split again.
    assert_eq!(bench.redrive().await.unwrap().refused_again, 3);
    assert_eq!(places(bench.letters().await), expected);
    *bench.today.0.lock().unwrap() = Some(by_place("{}", ", split: list"));
    assert_eq!(bench.redrive().await.unwrap().redriven, 3);
    let ids: std::collections::BTreeSet<_> =
        bench.events().await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
}

#[tokio::test]
async fn a_line_that_is_read_at_last_as_a_list_has_no_id_of_the_next_line() {
    let lines = by_place("{}", "");
    let bench = Bench::new(Some(lines.clone()));
    bench.push(&lines, "application/x-ndjson", b"{\"n\":0\n{\"n\":1}\n{\"n\":2}\n").await;
    let mut letter = bench.letters().await.remove(0);
    // As if the reader had been fixed.
    letter.raw = RawRecord::Text("[{\"n\":3},{\"n\":4}]".to_owned());
    bench.store.put(&[letter]).await.unwrap();
    assert_eq!(bench.redrive().await.unwrap().delivered, 2);
    let ids: std::collections::BTreeSet<_> =
        bench.events().await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), 4, "{ids:?}");
}
