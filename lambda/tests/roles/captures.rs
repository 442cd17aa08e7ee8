//! Refused webhooks that are kept, where the operator wants it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use mef_ports::{Captures, StoreError};
use serde_json::{Value, json};

use crate::support::{NOW, Stack, status};

const SOURCE: &str =
    "source: hook\nwebhook:\n  verify:\n    - token: { from: header.X-Mine, secrets: [t] }\n";

/// Keeps `room` files, and counts how often it is asked.
#[derive(Default)]
struct Kept {
    room: usize,
    is_away: bool,
    asked: Mutex<usize>,
    files: Mutex<Vec<Value>>,
}

#[async_trait]
impl Captures for Kept {
    async fn keep(
        &self,
        source: &str,
        at: Timestamp,
        most: u32,
        file: Bytes,
    ) -> Result<Option<String>, StoreError> {
        assert_eq!((source, at.as_second(), most), ("hook", NOW, 20));
        *self.asked.lock().unwrap() += 1;
        if self.is_away {
            return Err(StoreError::new("keep a refused request", "away"));
        }
        let mut files = self.files.lock().unwrap();
        if files.len() == self.room {
            return Ok(None);
        }
        files.push(serde_json::from_slice(&file).unwrap());
        Ok(Some("here".to_owned()))
    }
}

fn event(token: &str, body: &str) -> String {
    json!({
        "version": "2.0", "rawPath": "/events/hook", "rawQueryString": "a=1",
        "headers": { "x-mine": token, "content-type": "application/json" },
        "requestContext": { "stage": "$default", "http": { "method": "POST", "sourceIp": "192.0.2.1" } },
        "body": body, "isBase64Encoded": false,
    })
    .to_string()
}

async fn answered(kept: &Arc<Kept>, events: &[String]) -> Vec<u64> {
    let stack = Stack::new(&[("hook/source.yml", SOURCE)], &[("hook/t", "right")]);
    let intake = stack.intake().capturing(kept.clone());
    let mut statuses = Vec::new();
    for event in events {
        statuses.push(status(&intake.invoke(event).await));
    }
    statuses
}

#[tokio::test]
async fn what_is_refused_is_kept_without_its_credentials_and_nothing_else_is() {
    let kept = Arc::new(Kept { room: 9, ..Kept::default() });
    let events = [event("right", "{}"), event("wrong-token", r#"{"a":1}"#), event("right", "")];
    assert_eq!(answered(&kept, &events).await, [200, 401, 400]);
    let files = kept.files.lock().unwrap();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!(file["path"], "/events/hook?a=1");
    assert_eq!((&file["body"], &file["masked"]), (&json!(r#"{"a":1}"#), &json!(true)));
    assert_eq!((&file["source"], &file["peer"]), (&json!("hook"), &json!("192.0.2.1")));
    assert!(file["reason"].as_str().unwrap().contains("x-mine"), "{file}");
    assert!(!file.to_string().contains("wrong-token"), "{file}");
}

#[tokio::test]
async fn a_flood_is_counted_no_further_than_the_hour_is_full() {
    let kept = Arc::new(Kept { room: 2, ..Kept::default() });
    let flood = vec![event("wrong", "{}"); 6];
    assert_eq!(answered(&kept, &flood).await, [401; 6]);
    assert_eq!((*kept.asked.lock().unwrap(), kept.files.lock().unwrap().len()), (3, 2));
}

#[tokio::test]
async fn what_is_too_large_is_not_kept_and_a_store_that_is_away_changes_no_answer() {
    let kept = Arc::new(Kept { is_away: true, ..Kept::default() });
    let events = [event("wrong", &"a".repeat(1024 * 1024 + 1)), event("wrong", "{}")];
    assert_eq!(answered(&kept, &events).await, [401; 2]);
    assert_eq!(*kept.asked.lock().unwrap(), 1);
}
