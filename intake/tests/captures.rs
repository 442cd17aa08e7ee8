//! What is kept of refused requests, whatever keeps it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use mef_auth::Request;
use mef_intake::{Capture, KeyCache, Receiver, ReceiverPorts};
use mef_pipeline::Outputs;
use mef_ports::{
    Captures, Clock, Http, HttpError, HttpRequest, HttpResponse, Secret, SecretRef, SecretVersion,
    Secrets, SecretsError, StoreError,
};
use mef_sqlite::Store;
use serde_json::Value;

/// All of the outside, at a moment that a test can move.
#[derive(Default)]
struct Outside {
    now: Mutex<Timestamp>,
    asked: Mutex<Vec<u32>>,
    files: Mutex<Vec<Value>>,
}

#[async_trait]
impl Captures for Outside {
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
        files.push(serde_json::from_slice(&file).unwrap());
        Ok(Some("here".to_owned()))
    }
}

#[async_trait]
impl Clock for Outside {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

#[async_trait]
impl Secrets for Outside {
    async fn get(&self, _: &SecretRef) -> Result<SecretVersion, SecretsError> {
        let value = Secret::new("right");
        Ok(SecretVersion { value, version: "1".to_owned(), since: None })
    }
}

#[async_trait]
impl Http for Outside {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        panic!("{request:?}")
    }
}

fn bench() -> (Arc<Outside>, Receiver) {
    let file =
        "source: hook\nwebhook:\n  verify: [ { token: { from: header.t, secrets: [t] } } ]\n";
    let source = mef_source::load(file, &|_| Err(String::new())).unwrap().source;
    let outside = Arc::new(Outside::default());
    let clock: Arc<dyn Clock> = outside.clone();
    let store = Store::in_memory(Arc::clone(&clock)).unwrap();
    let ports = ReceiverPorts {
        outputs: Outputs {
            queue: Arc::new(store.clone()),
            dead_letters: Arc::new(store.clone()),
            clock: Arc::clone(&clock),
        },
        deliveries: Arc::new(store),
        secrets: outside.clone(),
        keys: Arc::new(KeyCache::new(outside.clone(), Arc::clone(&clock))),
        http: outside.clone(),
        clock,
    };
    let receiver = Receiver::new(Arc::new(source), ports).unwrap();
    (outside, receiver)
}

fn request(token: &str, body: impl Into<Bytes>) -> Request {
    let line = ("t".to_owned(), token.as_bytes().to_vec());
    Request::new("POST", "/hook", "", vec![line], body.into())
}

#[tokio::test]
async fn an_hour_takes_twenty_files_and_the_store_is_asked_once_more() {
    let (outside, receiver) = bench();
    let capture = Capture::new(outside.clone(), false);
    for _ in 0..30 {
        let handled = receiver.serve(request("wrong", "{}"), Some(&capture)).await;
        assert_eq!(handled.answer.status, 401);
    }
    assert_eq!(*outside.asked.lock().unwrap(), [20; 21]);
    assert_eq!(outside.files.lock().unwrap().len(), 20);
    *outside.now.lock().unwrap() = Timestamp::from_second(3600).unwrap();
    receiver.serve(request("wrong", "{}"), Some(&capture)).await;
    assert_eq!(outside.asked.lock().unwrap().len(), 22, "the next hour is asked for anew");
}

#[tokio::test]
async fn a_body_above_one_mib_is_not_kept() {
    let (outside, receiver) = bench();
    let capture = Capture::new(outside.clone(), false);
    let largest = 1024 * 1024;
    receiver.serve(request("wrong", vec![b' '; largest + 1]), Some(&capture)).await;
    assert!(outside.asked.lock().unwrap().is_empty());
    receiver.serve(request("wrong", vec![b' '; largest]), Some(&capture)).await;
    assert_eq!(outside.files.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn only_what_is_refused_is_kept_and_masked_if_wanted() {
    let (outside, receiver) = bench();
    for is_masked in [true, false] {
        let capture = Capture::new(outside.clone(), is_masked);
        receiver.serve(request("right", "{}"), Some(&capture)).await;
        receiver.serve(request("wr0ng", "{}"), Some(&capture)).await;
    }
    receiver.serve(request("wr0ng", "{}"), None).await;
    let files = outside.files.lock().unwrap();
    let [masked, whole] = files.as_slice() else { panic!("{files:?}") };
    let masked = masked.to_string();
    assert!(masked.contains("\"masked\":true") && !masked.contains("wr0ng"), "{masked}");
    let whole = whole.to_string();
    assert!(!whole.contains("masked") && whole.contains("wr0ng"), "{whole}");
}
