//! A vendor, a clock and a queue that do as the test says.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use mef_auth::Redactor;
use mef_http::HttpClients;
use mef_pipeline::Outputs;
use mef_poller::{Budget, PollPorts, Poller, RunReport};
use mef_ports::{
    Clock, CursorRecord, Cursors, Http, HttpError, HttpRequest, HttpResponse, Message, Position,
    Queue, Refused, Secret, SecretRef, SecretVersion, Secrets, SecretsError, StoreError,
    StoredCursor, StreamKey, Wakeups,
};
use mef_source::Source;
use mef_sqlite::Store;
use serde_json::{Value, json};
use tokio::sync::Notify;

/// `seconds` after the moment at which every test begins.
pub(crate) fn at(seconds: i64) -> Timestamp {
    "2026-11-24T10:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

/// A clock that moves when it is told to, or when somebody waits.
pub(crate) struct TestClock(Mutex<Timestamp>);

impl TestClock {
    pub(crate) fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap() = now;
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::try_from(duration).unwrap();
    }
}

/// What the vendor does with one request instead of answering it.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Status(u16, Vec<(&'static str, String)>),
    Cut,
    Body(&'static str),
    NoAnswer,
    Timeout,
}

#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) id: u32,
    pub(crate) time: Timestamp,
    /// When the vendor publishes it.
    pub(crate) visible: Timestamp,
}

/// A vendor with a list of records, read by time, paged by link.
pub(crate) struct Vendor {
    clock: Arc<TestClock>,
    pub(crate) state: Mutex<VendorState>,
}

#[derive(Default)]
pub(crate) struct VendorState {
    pub(crate) records: Vec<Record>,
    pub(crate) page_size: usize,
    pub(crate) faults: VecDeque<Option<Fault>>,
    /// The query of every request.
    pub(crate) requests: Vec<String>,
    /// Refuse every request that goes on from a page.
    pub(crate) refuse_next: bool,
    /// Name this as next, whatever the page.
    pub(crate) always_next: Option<String>,
    /// Give newest first.
    pub(crate) descending: bool,
    /// By how many seconds the vendor's clock is ahead of ours.
    pub(crate) ahead: i64,
    /// Whether it tells its time with each page.
    pub(crate) dated: bool,
    /// What it tells instead.
    pub(crate) date: Option<Timestamp>,
}

impl Vendor {
    pub(crate) fn add(&self, id: u32, time: Timestamp) {
        self.add_late(id, time, time);
    }

    pub(crate) fn add_late(&self, id: u32, time: Timestamp, visible: Timestamp) {
        self.state.lock().unwrap().records.push(Record { id, time, visible });
    }

    pub(crate) fn fault(&self, fault: Fault) {
        self.state.lock().unwrap().faults.push_back(Some(fault));
    }

    /// Answers the next `n` requests before the next fault.
    pub(crate) fn answer(&self, n: usize) {
        self.state.lock().unwrap().faults.extend(std::iter::repeat_n(None, n));
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }
}

#[async_trait]
impl Http for Vendor {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut state = self.state.lock().unwrap();
        let now = self.clock.now() + SignedDuration::from_secs(state.ahead);
        state.requests.push(request.url.query().unwrap_or("").to_owned());
        let param = |name: &str| {
            request
                .url
                .query_pairs()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let from = param("after").map(|after| after.parse::<usize>().unwrap());
        // Of one record; that it is gone would be no fault.
        let detail = request.url.path().strip_prefix("/detail/").map(str::to_owned);
        let fault = state.faults.pop_front().flatten();
        match fault.filter(|fault| detail.is_none() || !matches!(fault, Fault::Status(410, _))) {
            Some(Fault::Status(status, headers)) => return Ok(answer(status, &headers, "{}")),
            Some(Fault::Cut) => return Ok(answer(200, &[], "[{\"id\":")),
            Some(Fault::Body(body)) => return Ok(answer(200, &[], body)),
            Some(Fault::NoAnswer) => return Err(HttpError::Transport("cut off".into())),
            Some(Fault::Timeout) => {
                self.clock.set(self.clock.now() + SignedDuration::from_secs(25));
                return Err(HttpError::Transport("timed out".into()));
            }
            None => {}
        }
        if let Some(id) = detail {
            return Ok(answer(200, &[], &format!("{{\"id\":{id}}}")));
        }
        if state.refuse_next && from.is_some() {
            return Ok(answer(410, &[], "{}"));
        }
        let since: Timestamp = param("since").unwrap().parse().unwrap();
        let until: Option<Timestamp> = param("until").map(|until| until.parse().unwrap());
        let mut found: Vec<_> = state
            .records
            .iter()
            .filter(|record| record.visible <= now && record.time >= since)
            .filter(|record| until.is_none_or(|until| record.time <= until))
            .cloned()
            .collect();
        found.sort_by_key(|record| record.time);
        if state.descending {
            found.reverse();
        }
        let from = from.unwrap_or(0).min(found.len());
        let to = (from + state.page_size).min(found.len());
        let page: Vec<Value> = found[from..to]
            .iter()
            .map(|record| json!({ "id": record.id, "time": record.time.to_string() }))
            .collect();
        let mut headers = Vec::new();
        if let Some(date) = state.date.or(state.dated.then_some(now)) {
            headers.push(("date", date.strftime("%a, %d %b %Y %T GMT").to_string()));
        }
        let mut next = request.url.clone();
        next.set_query(None);
        if to < found.len() || state.always_next.is_some() {
            next.query_pairs_mut()
                .append_pair("since", &since.to_string())
                .append_pair("after", &to.to_string());
            if let Some(until) = until {
                next.query_pairs_mut().append_pair("until", &until.to_string());
            }
            if let Some(key) = param("key") {
                next.query_pairs_mut().append_pair("key", &key);
            }
            let next = state.always_next.clone().unwrap_or(next.to_string());
            headers.push(("link", format!("<{next}>; rel=\"next\"")));
        }
        Ok(answer(200, &headers, &Value::Array(page).to_string()))
    }
}

pub(crate) fn answer(status: u16, headers: &[(&'static str, String)], body: &str) -> HttpResponse {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect();
    HttpResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

/// What the queue does with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueFault {
    /// Takes nothing and fails.
    Away,
    /// Takes the batch and then fails: a crash after the send.
    CrashAfter,
    /// Takes the batch, and the process is gone: nothing of the run goes on.
    Die,
    /// Takes the batch so slowly that the lease runs out and another run does
    /// its work meanwhile.
    Stall,
}

/// A queue that fails when it is told to.
pub(crate) struct TestQueue {
    store: Store,
    pub(crate) faults: Mutex<VecDeque<Option<QueueFault>>>,
    /// Says yes to a batch that it did not take: a planted bug.
    pub(crate) swallows: AtomicBool,
    /// The process is gone.
    pub(crate) died: Notify,
    /// Who runs while this one stalls.
    pub(crate) rival: Mutex<Option<Arc<Poller>>>,
    clock: Arc<TestClock>,
    /// What somebody sets the cursor to by hand while the next batch is sent.
    pub(crate) set_by_hand: Mutex<Option<CursorRecord>>,
}

#[async_trait]
impl Queue for TestQueue {
    async fn send(&self, batch: &[Message]) -> Result<Vec<Result<(), Refused>>, StoreError> {
        let fault = self.faults.lock().unwrap().pop_front().flatten();
        if fault == Some(QueueFault::Away) {
            if self.swallows.load(Ordering::Relaxed) {
                return Ok(batch.iter().map(|_| Ok(())).collect());
            }
            return Err(StoreError::new("send to the queue", "away"));
        }
        let by_hand = self.set_by_hand.lock().unwrap().take();
        if let Some(record) = by_hand {
            self.store.set(&stream(), &record).await?;
        }
        let results = self.store.send(batch).await?;
        match fault {
            Some(QueueFault::Die) => {
                self.died.notify_one();
                std::future::pending().await
            }
            Some(QueueFault::Stall) => {
                self.clock.sleep(Duration::from_secs(40)).await;
                let rival = self.rival.lock().unwrap().take();
                if let Some(rival) = rival {
                    rival.run(&Budget::default()).await;
                }
                Ok(results)
            }
            Some(_) => Err(StoreError::new("send to the queue", "crashed after the send")),
            None => Ok(results),
        }
    }
}

#[derive(Default)]
pub(crate) struct TestWakeups(pub(crate) Mutex<Vec<Timestamp>>);

#[async_trait]
impl Wakeups for TestWakeups {
    async fn wake(&self, _: &StreamKey, when: Timestamp) -> Result<(), StoreError> {
        self.0.lock().unwrap().push(when);
        Ok(())
    }
}

pub(crate) struct TestSecrets;

#[async_trait]
impl Secrets for TestSecrets {
    async fn get(&self, _: &SecretRef) -> Result<SecretVersion, SecretsError> {
        let value = Secret::new("s3cr3t-token");
        Ok(SecretVersion { value, version: "1".to_owned(), since: None })
    }
}

/// One source, one vendor, one store.
pub(crate) struct Bench {
    pub(crate) vendor: Arc<Vendor>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) store: Store,
    pub(crate) queue: Arc<TestQueue>,
    pub(crate) wakeups: Arc<TestWakeups>,
}

/// A source file whose cursor is `cursor` and whose query has `until` if the
/// vendor takes an upper bound.
pub(crate) fn source_file(cursor: &str, upper_bound: bool) -> String {
    let until = if upper_bound { ", until: \"{window.end|rfc3339}\"" } else { "" };
    format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n  \
         auth: {{ bearer: \"{{secret.token}}\" }}\n  \
         request: {{ get: \"https://api.example.com/logs\", query: {{ since: \"{{window.start|rfc3339}}\"{until} }} }}\n  \
         next: {{ link: next }}\n  records: \"\"\n  cursor: {{ time: time, id: id, {cursor} }}\n\
         event: {{ map: {{ summary: \"{{id}}\" }} }}\n"
    )
}

pub(crate) fn source(text: &str) -> Arc<Source> {
    match mef_source::load(text, &|_| Err("no files".to_owned())) {
        Ok(loaded) => Arc::new(loaded.source),
        Err(problems) => panic!("{problems:#?}\n{text}"),
    }
}

impl Bench {
    pub(crate) fn new(page_size: usize) -> Bench {
        let clock = Arc::new(TestClock(Mutex::new(at(0))));
        let store = Store::in_memory(clock.clone()).unwrap();
        let state = VendorState { page_size, ..VendorState::default() };
        Bench {
            vendor: Arc::new(Vendor { clock: clock.clone(), state: Mutex::new(state) }),
            queue: Arc::new(TestQueue {
                store: store.clone(),
                faults: Mutex::default(),
                swallows: AtomicBool::default(),
                died: Notify::new(),
                rival: Mutex::default(),
                clock: clock.clone(),
                set_by_hand: Mutex::default(),
            }),
            wakeups: Arc::default(),
            clock,
            store,
        }
    }

    pub(crate) fn ports(&self) -> PollPorts {
        PollPorts {
            cursors: Arc::new(self.store.clone()),
            limits: Arc::new(self.store.clone()),
            wakeups: self.wakeups.clone(),
            blobs: Arc::new(self.store.clone()),
            secrets: Arc::new(TestSecrets),
            tokens: Arc::new(self.store.clone()),
            clock: self.clock.clone(),
            outputs: Outputs {
                queue: self.queue.clone(),
                dead_letters: Arc::new(self.store.clone()),
                clock: self.clock.clone(),
            },
            redactor: Redactor::default(),
        }
    }

    pub(crate) fn poller(&self, file: &str) -> Poller {
        Poller::new(source(file), self.vendor.clone(), self.ports()).unwrap()
    }

    /// The poller of a vendor that listens on this machine.
    pub(crate) fn poller_on_network(&self, file: &str) -> Poller {
        let source = source(file);
        let http = HttpClients::default().for_source(source.poll.as_ref().unwrap());
        Poller::new(source, http, self.ports()).unwrap()
    }

    pub(crate) async fn run(&self, file: &str) -> RunReport {
        self.poller(file).run(&Budget::default()).await
    }

    /// The ids of the events in the queue, in order.
    pub(crate) async fn delivered(&self) -> Vec<u32> {
        let events = self.store.events(None, usize::MAX).await.unwrap();
        events
            .iter()
            .map(|event| {
                let event: Value = serde_json::from_str(&event.message.body).unwrap();
                u32::try_from(event["details"]["acme"]["id"].as_u64().unwrap()).unwrap()
            })
            .collect()
    }

    pub(crate) async fn cursor(&self) -> StoredCursor {
        self.store.read(&stream()).await.unwrap().unwrap()
    }

    pub(crate) async fn done(&self) -> Option<Timestamp> {
        match self.cursor().await.record.done() {
            Some(Position::Time(time)) => Some(*time),
            _ => None,
        }
    }
}

pub(crate) fn stream() -> StreamKey {
    StreamKey { source: "acme".to_owned(), partition: String::new() }
}
