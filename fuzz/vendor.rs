//! A vendor that answers with noise, and what a run of the poller needs beside it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mef_auth::{Redactor, Request};
use mef_pipeline::Outputs;
use mef_poller::{Budget, PollPorts, Poller};
use mef_ports::{
    Clock, Http, HttpError, HttpRequest, HttpResponse, Secret, SecretRef, SecretVersion, Secrets,
    SecretsError, StoreError, StreamKey, Wakeups,
};
use mef_source::Source;
use mef_sqlite::Store;
use tokio::runtime::Runtime;

use crate::request;

/// Pulls of every decoder and every way on, as keys of `poll`. A new one gets a line.
const PULLS: &[&str] = &[
    "records: items\n  next: { url: next }\n  cursor: { time: time, id: id, end_lag: 1s }",
    "records: \"\"\n  next: { link: next }\n  cursor: { time: time, end_lag: 1s }",
    "records: items\n  next: { token: { from: next, query: after } }\n  cursor: { listing: true }",
    "decode: { ndjson: {} }\n  cursor: { listing: true }",
    "decode: { csv: {} }\n  cursor: { listing: true }",
    "decode: lines\n  cursor: { listing: true }",
    "decode: xml\n  records: events.event\n  next: { page: { start: 1, query: page } }\n  cursor: { listing: true }",
    "records: \"\"\n  details: [{ request: { get: \"{item.uri}\" }, decode: { ndjson: {} } }]\n  cursor: { listing: true }",
];

/// The most pages of an input.
const MOST_PAGES: usize = 8;
/// What stands between two pages of an input.
const BETWEEN: &[u8] = b"\n\n\n";

static SOURCES: LazyLock<Vec<Arc<Source>>> = LazyLock::new(|| PULLS.iter().map(pull).collect());

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
});

fn pull(keys: &&str) -> Arc<Source> {
    let text = format!(
        "source: fuzz\npoll:\n  schedule: rate(1 minute)\n  auth: {{ bearer: \"{{secret.token}}\" }}\n  \
         request: {{ get: \"https://api.example.com/logs\", query: {{ since: \"{{window.start|rfc3339}}\" }} }}\n  {keys}\n"
    );
    let text = match keys.contains("listing") {
        true => text.replace(", query: { since: \"{window.start|rfc3339}\" }", ""),
        false => text,
    };
    match mef_source::load(&text, &|_| Err("no files".to_owned())) {
        Ok(loaded) => Arc::new(loaded.source),
        Err(problems) => panic!("the pull does not load: {problems:?}\n{text}"),
    }
}

/// Gives the pages of an input, and then nothing but errors. It notes where it was asked.
struct Noise {
    pages: Mutex<VecDeque<Request>>,
    budget: Budget,
}

#[async_trait]
impl Http for Noise {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // Whatever a page says, nothing is asked elsewhere.
        assert_eq!(request.url.origin().ascii_serialization(), "https://api.example.com");
        let Some(page) = self.pages.lock().expect("nobody panics").pop_front() else {
            self.budget.stop();
            return Err(HttpError::Transport("no page is left".into()));
        };
        let mut headers = http::HeaderMap::new();
        for (name, value) in page.headers() {
            let name = http::HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_bytes(value)) {
                headers.append(name, value);
            }
        }
        Ok(HttpResponse { status: http::StatusCode::OK, headers, body: page.body().clone() })
    }
}

/// A clock that moves when somebody waits.
struct Moving(Mutex<Timestamp>);

#[async_trait]
impl Clock for Moving {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("nobody panics")
    }

    async fn sleep(&self, duration: Duration) {
        let mut now = self.0.lock().expect("nobody panics");
        let step = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        *now = now.saturating_add(step).unwrap_or(Timestamp::MAX);
    }
}

struct Token;

#[async_trait]
impl Secrets for Token {
    async fn get(&self, _: &SecretRef) -> Result<SecretVersion, SecretsError> {
        let value = Secret::new("s3cr3t-token");
        Ok(SecretVersion { value, version: "1".to_owned(), since: None })
    }
}

struct Asleep;

#[async_trait]
impl Wakeups for Asleep {
    async fn wake(&self, _: &StreamKey, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Reads pages of noise twice, by the pull that `index` chooses. Nothing may be asked elsewhere; and what
/// the first run put into the queue, the second must not change.
///
/// # Panics
///
/// Panics if the poller does one of these things, or panics.
pub fn poll(index: u8, noise: &[u8]) {
    let source = &SOURCES[usize::from(index) % SOURCES.len()];
    let start: Timestamp = "2026-11-24T10:00:00Z".parse().expect("it is a moment");
    let clock: Arc<dyn Clock> = Arc::new(Moving(Mutex::new(start)));
    let store = Arc::new(Store::in_memory(Arc::clone(&clock)).expect("memory opens"));
    let mut before = BTreeMap::new();
    for _ in 0..2 {
        let budget = Budget::default();
        let vendor = Noise { pages: Mutex::new(pages(noise).collect()), budget: budget.clone() };
        let outputs = Outputs {
            queue: Arc::clone(&store) as _,
            dead_letters: Arc::clone(&store) as _,
            clock: Arc::clone(&clock),
        };
        let ports = PollPorts {
            cursors: Arc::clone(&store) as _,
            limits: Arc::clone(&store) as _,
            wakeups: Arc::new(Asleep),
            blobs: Arc::clone(&store) as _,
            secrets: Arc::new(Token),
            tokens: Arc::clone(&store) as _,
            clock: Arc::clone(&clock),
            outputs,
            redactor: Redactor::default(),
        };
        let poller =
            Poller::new(Arc::clone(source), Arc::new(vendor), ports).expect("it is pulled");
        RUNTIME.block_on(poller.run(&budget));
        let events = RUNTIME.block_on(store.events(None, usize::MAX)).expect("memory is read");
        let after: BTreeMap<_, _> =
            events.into_iter().map(|event| (event.message.event_id, event.message.body)).collect();
        for (id, body) in before {
            assert!(after.get(&id).is_some_and(|now| *now == body), "an event changed or went");
        }
        before = after;
    }
}

fn pages(noise: &[u8]) -> impl Iterator<Item = Request> {
    let mut rest = Some(noise);
    std::iter::from_fn(move || {
        let now = rest?;
        let end = now.windows(BETWEEN.len()).position(|bytes| bytes == BETWEEN);
        rest = end.map(|end| &now[end + BETWEEN.len()..]);
        Some(request(&now[..end.unwrap_or(now.len())]))
    })
    .take(MOST_PAGES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pull_loads_and_runs() {
        for index in 0..PULLS.len() {
            poll(
                u8::try_from(index).expect("there are few"),
                b"link: <x>; rel=next\n\n[{\"id\":1}]\n\n\n\n\n[]",
            );
        }
    }
}
