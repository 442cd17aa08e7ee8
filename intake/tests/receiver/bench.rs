//! A receiver of one source, on stores that fail when they are told to.

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
    Captures, Clock, Deliveries, DeliveryKey, Http, HttpError, HttpRequest, HttpResponse, Message,
    Queue, Receipt, Refused, Secret, SecretRef, SecretVersion, Secrets, SecretsError, StoreError,
};
use mef_source::Source;
use mef_source::checked::Verify;
use mef_sqlite::Store;

#[derive(Default)]
pub(crate) struct TestClock(pub(crate) AtomicI64);

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

/// No source here has keys to fetch.
pub(crate) struct NoHttp;

#[async_trait]
impl Http for NoHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        panic!("{request:?}")
    }
}

pub(crate) struct OneSecret;

#[async_trait]
impl Secrets for OneSecret {
    async fn get(&self, _: &SecretRef) -> Result<SecretVersion, SecretsError> {
        let value = Secret::new("t0ken");
        Ok(SecretVersion { value, version: "1".to_owned(), since: None })
    }
}

/// What the queue says of the entries of the next batches.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    Away,
    /// This entry, for now.
    Busy(usize),
    /// This entry, for good.
    Never(usize),
}

pub(crate) struct FaultyQueue {
    pub(crate) store: Store,
    pub(crate) faults: Mutex<VecDeque<Fault>>,
    pub(crate) batches: Mutex<Vec<usize>>,
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
pub(crate) struct NoMarks;

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
pub(crate) struct Memory {
    pub(crate) asked: Mutex<Vec<u32>>,
    pub(crate) files: Mutex<Vec<Bytes>>,
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

pub(crate) struct Bench {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) store: Store,
    pub(crate) queue: Arc<FaultyQueue>,
    pub(crate) receiver: Receiver,
}

pub(crate) const FILE: &str = "source: hook\nwebhook:\n  verify: [ { token: { from: header.x-token, secrets: [token] } } ]\n  \
     delivery_id: [header.x-delivery, /id]\n";

pub(crate) fn bench(faults: &[Fault], marks: bool) -> Bench {
    bench_of(FILE, Arc::new(OneSecret), faults, marks)
}

pub(crate) fn bench_of(
    file: &str,
    secrets: Arc<dyn Secrets>,
    faults: &[Fault],
    marks: bool,
) -> Bench {
    bench_with(
        mef_source::load(file, &|_| Err(String::new())).unwrap().source,
        secrets,
        faults,
        marks,
    )
}

/// Returns a receiver of the source of `preset` that takes requests from anybody.
pub(crate) fn bench_without_checks(preset: &str) -> Bench {
    let file = format!("source: hook\nwebhook:\n  verify: [ {{ preset: {preset} }} ]\n");
    let mut source = mef_source::load(&file, &|_| Err(String::new())).unwrap().source;
    let webhook = source.webhook.as_mut().unwrap();
    webhook.verify = Verify::Nothing { reason: "the ids are judged, not the sender".to_owned() };
    bench_with(source, Arc::new(OneSecret), &[], true)
}

fn bench_with(source: Source, secrets: Arc<dyn Secrets>, faults: &[Fault], marks: bool) -> Bench {
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
    pub(crate) async fn post(&self, body: &str) -> (u16, Verdict) {
        let headers = vec![
            ("x-token".to_owned(), b"t0ken".to_vec()),
            ("x-delivery".to_owned(), b"d-1".to_vec()),
        ];
        let request = Request::new("POST", "/hook", "", headers, body.to_owned());
        let handled = self.receiver.handle(request).await;
        (handled.answer.status, handled.verdict)
    }

    /// Sends a request, and returns the ids of all events so far.
    pub(crate) async fn send(&self, headers: &[(&str, &str)], body: &str) -> Vec<String> {
        let headers =
            headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
        let request = Request::new("POST", "/hook", "", headers.collect(), body.to_owned());
        assert_eq!(self.receiver.handle(request).await.answer.status, 200, "{body}");
        let events = self.store.events(None, usize::MAX).await.unwrap();
        events.into_iter().map(|event| event.message.event_id).collect()
    }

    /// Sends a request with a wrong token, which may be captured.
    pub(crate) async fn refuse(&self, capture: &Capture, body: impl Into<Bytes>) {
        let headers = vec![("x-token".to_owned(), b"wr0ng".to_vec())];
        let request = Request::new("POST", "/hook", "", headers, body.into());
        assert_eq!(self.receiver.serve(request, Some(capture)).await.answer.status, 401);
    }

    pub(crate) async fn queued(&self) -> usize {
        self.store.events(None, usize::MAX).await.unwrap().len()
    }
}
