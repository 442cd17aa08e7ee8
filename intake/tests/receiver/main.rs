//! A receiver with stores that fail: what the sender is told, and what is lost
//! (nothing).
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod parts;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use mef_auth::Request;
use mef_intake::{Capture, KeyCache, Receiver, ReceiverPorts, Verdict};
use mef_pipeline::Outputs;
use mef_ports::{
    Captures, Clock, DeadLetters as _, Deliveries, DeliveryKey, Http, HttpError, HttpRequest,
    HttpResponse, Message, Queue, Receipt, Refused, Secret, SecretRef, SecretVersion, Secrets,
    SecretsError, StoreError,
};
use mef_sqlite::Store;

#[derive(Default)]
struct TestClock(AtomicI64);

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

/// No source here has keys to fetch.
struct NoHttp;

#[async_trait]
impl Http for NoHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        panic!("{request:?}")
    }
}

struct OneSecret;

#[async_trait]
impl Secrets for OneSecret {
    async fn get(&self, _: &SecretRef) -> Result<SecretVersion, SecretsError> {
        let value = Secret::new("t0ken");
        Ok(SecretVersion { value, version: "1".to_owned(), since: None })
    }
}

/// What the queue says of the entries of the next batches.
#[derive(Clone, Copy)]
enum Fault {
    Away,
    /// This entry, for now.
    Busy(usize),
    /// This entry, for good.
    Never(usize),
}

struct FaultyQueue {
    store: Store,
    faults: Mutex<VecDeque<Fault>>,
    batches: Mutex<Vec<usize>>,
}

#[async_trait]
impl Queue for FaultyQueue {
    async fn send(&self, batch: &[Message]) -> Result<Vec<Result<(), Refused>>, StoreError> {
        self.batches.lock().unwrap().push(batch.len());
        let fault = self.faults.lock().unwrap().pop_front();
        let (refused, transient) = match fault {
            Some(Fault::Away) => return Err(StoreError::new("send to the queue", "away")),
            Some(Fault::Busy(entry)) => (Some(entry), true),
            Some(Fault::Never(entry)) => (Some(entry), false),
            None => (None, false),
        };
        let mut results = Vec::new();
        for (number, message) in batch.iter().enumerate() {
            if refused == Some(number) {
                results.push(Err(Refused { reason: "no".to_owned(), transient }));
            } else {
                self.store.send(std::slice::from_ref(message)).await?;
                results.push(Ok(()));
            }
        }
        Ok(results)
    }
}

/// Marks that cannot be written.
struct NoMarks;

#[async_trait]
impl Deliveries for NoMarks {
    async fn is_done(&self, _: &DeliveryKey, _: Timestamp) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn mark_done(
        &self,
        _: &DeliveryKey,
        _: Timestamp,
        _: &Receipt,
    ) -> Result<(), StoreError> {
        Err(StoreError::new("mark a delivery as done", "away"))
    }
}

/// Captures in memory, with how often they were asked.
#[derive(Default)]
struct Memory {
    asked: Mutex<Vec<u32>>,
    files: Mutex<Vec<Bytes>>,
}

#[async_trait]
impl Captures for Memory {
    async fn keep(
        &self,
        _: &str,
        _: Timestamp,
        most: u32,
        file: Bytes,
    ) -> Result<Option<String>, StoreError> {
        self.asked.lock().unwrap().push(most);
        let mut files = self.files.lock().unwrap();
        if files.len() == usize::try_from(most).unwrap() {
            return Ok(None);
        }
        files.push(file);
        Ok(Some("here".to_owned()))
    }
}

struct Bench {
    clock: Arc<TestClock>,
    store: Store,
    queue: Arc<FaultyQueue>,
    receiver: Receiver,
}

const FILE: &str = "source: hook\nwebhook:\n  verify: [ { token: { from: header.x-token, secrets: [token] } } ]\n  \
     delivery_id: [header.x-delivery, /id]\n";

fn bench(faults: &[Fault], marks: bool) -> Bench {
    bench_of(FILE, Arc::new(OneSecret), faults, marks)
}

fn bench_of(file: &str, secrets: Arc<dyn Secrets>, faults: &[Fault], marks: bool) -> Bench {
    let source = mef_source::load(file, &|_| Err(String::new())).unwrap().source;
    let clock = Arc::new(TestClock::default());
    let store = Store::in_memory(clock.clone()).unwrap();
    let queue = Arc::new(FaultyQueue {
        store: store.clone(),
        faults: Mutex::new(faults.iter().copied().collect()),
        batches: Mutex::default(),
    });
    let deliveries: Arc<dyn Deliveries> =
        if marks { Arc::new(store.clone()) } else { Arc::new(NoMarks) };
    let ports = ReceiverPorts {
        outputs: Outputs {
            queue: queue.clone(),
            dead_letters: Arc::new(store.clone()),
            clock: clock.clone(),
        },
        deliveries,
        secrets,
        keys: Arc::new(KeyCache::new(Arc::new(NoHttp), clock.clone())),
        http: Arc::new(NoHttp),
        clock: clock.clone(),
    };
    Bench { clock, store, queue, receiver: Receiver::new(Arc::new(source), ports).unwrap() }
}

impl Bench {
    async fn post(&self, body: &str) -> (u16, Verdict) {
        let headers = vec![
            ("x-token".to_owned(), b"t0ken".to_vec()),
            ("x-delivery".to_owned(), b"d-1".to_vec()),
        ];
        let request = Request::new("POST", "/hook", "", headers, body.to_owned());
        let handled = self.receiver.handle(request).await;
        (handled.answer.status, handled.verdict)
    }

    /// Sends a request with a wrong token, which may be captured.
    async fn refuse(&self, capture: &Capture, body: impl Into<Bytes>) {
        let headers = vec![("x-token".to_owned(), b"wr0ng".to_vec())];
        let request = Request::new("POST", "/hook", "", headers, body.into());
        assert_eq!(self.receiver.serve(request, Some(capture)).await.answer.status, 401);
    }

    async fn queued(&self) -> usize {
        self.store.events(None, usize::MAX).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_queue_that_is_away_is_503_and_the_repeat_gets_in() {
    let bench = bench(&[Fault::Away], true);
    assert_eq!(bench.post("{\"a\":1}").await.0, 503);
    assert_eq!(bench.queued().await, 0);
    // The failed delivery was not marked as done.
    assert_eq!(bench.post("{\"a\":1}").await.0, 200);
    assert_eq!(bench.queued().await, 1);
    let (status, outcome) = bench.post("{\"a\":1}").await;
    assert!(status == 200 && matches!(outcome, Verdict::Duplicate), "{outcome:?}");
}

#[tokio::test]
async fn an_entry_refused_for_now_is_sent_again_alone() {
    let bench = bench(&[Fault::Busy(1), Fault::Busy(0)], true);
    assert_eq!(bench.post("[{\"a\":1},{\"a\":2},{\"a\":3}]").await.0, 200);
    assert_eq!(*bench.queue.batches.lock().unwrap(), [3, 1, 1]);
    assert_eq!(bench.queued().await, 3);
}

#[tokio::test]
async fn an_entry_refused_again_and_again_is_503() {
    let bench = bench(&[Fault::Busy(0); 9], true);
    assert_eq!(bench.post("{\"a\":1}").await.0, 503);
    assert_eq!(*bench.queue.batches.lock().unwrap(), [1; 5]);
}

#[tokio::test]
async fn an_entry_refused_for_good_is_a_dead_letter_with_its_record() {
    let bench = bench(&[Fault::Never(0)], true);
    assert_eq!(bench.post("[{\"a\":1},{\"a\":2}]").await.0, 202);
    let letters = bench.store.list(None, 10).await.unwrap();
    assert_eq!((letters.len(), bench.queued().await), (1, 1));
    let raw = serde_json::to_string(&letters.first().unwrap().raw).unwrap();
    assert_eq!(raw, "{\"record\":{\"a\":1}}");
}

#[tokio::test]
async fn a_mark_that_cannot_be_written_is_no_reason_to_refuse() {
    let bench = bench(&[], false);
    assert_eq!(bench.post("{\"a\":1}").await.0, 200);
    assert_eq!(bench.queued().await, 1);
}

#[tokio::test]
async fn a_known_delivery_id_with_another_body_is_news() {
    let bench = bench(&[], true);
    assert_eq!(bench.post("{\"a\":1}").await.0, 200);
    assert_eq!(bench.post("{\"a\":2}").await.0, 200);
    assert_eq!(bench.queued().await, 2);
}

#[tokio::test]
async fn an_empty_list_is_accepted_and_gives_nothing() {
    let bench = bench(&[], true);
    assert_eq!(bench.post("[]").await.0, 200);
    assert_eq!(bench.queued().await, 0);
}

#[tokio::test]
async fn an_authentic_body_with_nothing_in_it_is_400_and_no_dead_letter() {
    let bench = bench(&[], true);
    let (status, outcome) = bench.post("").await;
    assert!(status == 400 && matches!(outcome, Verdict::Empty), "{outcome:?}");
    assert!(bench.store.list(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_vendor_that_should_be_told_is_told_and_the_record_is_kept() {
    let file = FILE.replace("webhook:", "webhook:\n  rejected_status: 400");
    let bench = bench_of(&file, Arc::new(OneSecret), &[], true);
    assert_eq!(bench.post("{").await.0, 400);
    assert_eq!(bench.store.list(None, 10).await.unwrap().len(), 1);
    assert_eq!(bench.post("{}").await.0, 200);
}

/// The letter may have been discarded, or the source file mended, since the sender was told.
#[tokio::test]
async fn the_retry_of_a_delivery_that_was_answered_as_refused_is_no_repeat() {
    let file = FILE.replace("webhook:", "webhook:\n  rejected_status: 422");
    let bench = bench_of(&file, Arc::new(OneSecret), &[], true);
    assert_eq!(bench.post("{").await.0, 422);
    let (status, verdict) = bench.post("{").await;
    assert!(status == 422 && matches!(verdict, Verdict::Accepted { .. }), "{status} {verdict:?}");
    // Without `rejected_status` the sender was told that all is well.
    let bench = bench_of(FILE, Arc::new(OneSecret), &[], true);
    assert_eq!(bench.post("{").await.0, 202);
    let (status, verdict) = bench.post("{").await;
    assert!(status == 200 && matches!(verdict, Verdict::Duplicate), "{status} {verdict:?}");
}

/// A source may ask for 100 numbered signature headers.
#[tokio::test]
async fn a_head_within_the_bounds_is_judged_and_a_larger_one_is_431() {
    let bench = bench(&[], true);
    let send = async |count: usize, size: usize| {
        let mut headers = vec![("x-token".to_owned(), b"t0ken".to_vec())];
        headers.extend((1..count).map(|n| (format!("x-{n}"), vec![b'v'; size])));
        let request = Request::new("POST", "/hook", "", headers, "{}");
        bench.receiver.handle(request).await.answer.status
    };
    assert_eq!(send(mef_intake::MOST_HEADERS, 100).await, 200);
    assert_eq!(send(mef_intake::MOST_HEADERS + 1, 1).await, 431);
    assert_eq!(send(2, mef_intake::LARGEST_HEAD).await, 431);
}

#[tokio::test]
async fn a_head_request_gets_no_body() {
    let bench = bench(&[], true);
    let request = Request::new("HEAD", "/hook", "", Vec::new(), "");
    let answer = bench.receiver.handle(request).await.answer;
    assert_eq!((answer.status, answer.body.as_str()), (405, ""));
}

/// A store that keeps what it read, of a secret that has changed since.
struct Changed {
    values: Mutex<Vec<&'static str>>,
    /// How often it may be asked again.
    refreshes: Mutex<u32>,
}

#[async_trait]
impl Secrets for Changed {
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
        Ok(self.live(reference, Timestamp::UNIX_EPOCH).await?.remove(0))
    }

    async fn live(&self, _: &SecretRef, _: Timestamp) -> Result<Vec<SecretVersion>, SecretsError> {
        let version = |value: &&str| SecretVersion {
            value: Secret::new(*value),
            version: "1".to_owned(),
            since: None,
        };
        Ok(self.values.lock().unwrap().iter().map(version).collect())
    }

    async fn refresh(&self, references: &[SecretRef], _: Timestamp) -> bool {
        assert_eq!(references.iter().map(ToString::to_string).collect::<Vec<_>>(), ["hook/token"]);
        let mut refreshes = self.refreshes.lock().unwrap();
        if *refreshes == 0 {
            return false;
        }
        *refreshes -= 1;
        *self.values.lock().unwrap() = vec!["t0ken", "old"];
        true
    }
}

#[tokio::test]
async fn a_secret_that_has_changed_is_read_again_before_the_request_is_refused() {
    let changed = |values: &[&'static str], refreshes| {
        let secrets =
            Changed { values: Mutex::new(values.to_vec()), refreshes: Mutex::new(refreshes) };
        bench_of(FILE, Arc::new(secrets), &[], true)
    };
    assert_eq!(changed(&["old"], 1).post("{}").await.0, 200);
    assert_eq!(changed(&["old"], 0).post("{}").await.0, 401);
    // Both values of a secret that is being changed count.
    assert_eq!(changed(&["new", "t0ken"], 0).post("{}").await.0, 200);
    assert_eq!(changed(&["t0ken", "old"], 0).post("{}").await.0, 200);
}

/// A store that holds one secret and no other.
struct Only(&'static str);

#[async_trait]
impl Secrets for Only {
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
        if reference.name != self.0 {
            let hint = "set it".to_owned();
            return Err(SecretsError::Missing { reference: reference.clone(), hint });
        }
        OneSecret.get(reference).await
    }
}

#[tokio::test]
async fn a_retired_secret_may_be_deleted_before_the_file_forgets_it() {
    let retired = "[token, { name: old, not_after: 1969-12-31T00:00:00Z }]";
    let file = FILE.replace("[token]", retired);
    assert_eq!(bench_of(&file, Arc::new(Only("token")), &[], true).post("{}").await.0, 200);
    let file = file.replace("1969", "1971");
    assert_eq!(bench_of(&file, Arc::new(Only("token")), &[], true).post("{}").await.0, 503);
}

#[tokio::test]
async fn an_hour_takes_twenty_captures_on_every_backend() {
    let (bench, memory) = (bench(&[], true), Arc::new(Memory::default()));
    let capture = Capture::new(memory.clone(), false);
    for _ in 0..30 {
        bench.refuse(&capture, "{}").await;
    }
    assert_eq!(*memory.asked.lock().unwrap(), [20; 21], "no more is asked once the hour is full");
    assert_eq!(memory.files.lock().unwrap().len(), 20);
    bench.clock.0.store(3600, Ordering::Relaxed);
    bench.refuse(&capture, "{}").await;
    assert_eq!(memory.asked.lock().unwrap().len(), 22);
}

#[tokio::test]
async fn a_body_of_one_mib_is_captured_and_a_larger_one_is_not() {
    let (bench, memory) = (bench(&[], true), Arc::new(Memory::default()));
    let capture = Capture::new(memory.clone(), true);
    bench.refuse(&capture, vec![b' '; 1024 * 1024 + 1]).await;
    assert!(memory.asked.lock().unwrap().is_empty());
    bench.refuse(&capture, vec![b' '; 1024 * 1024]).await;
    let file = String::from_utf8(memory.files.lock().unwrap()[0].to_vec()).unwrap();
    assert!(file.contains("\"masked\": true") && !file.contains("wr0ng"), "{}", &file[..200]);
}
