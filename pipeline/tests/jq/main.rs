//! jq programs on records: what they return, what they keep, and where they stop.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod bounds;
mod functions;
mod hostile;
mod records;

use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::{LiveSecrets, verify};
use mef_pipeline::{Admitted, Outcome, Pipeline};
use mef_source::Source;
use serde_json::{Value, json};

/// Returns a source with this `event`, in YAML.
pub(crate) fn source(event: &Value) -> Source {
    let file = format!("source: acme\nwebhook: {{ unauthenticated: test }}\nevent: {event}\n");
    mef_source::load(&file, &|_| Err(String::new()))
        .unwrap_or_else(|said| panic!("{said:?}"))
        .source
}

pub(crate) fn run(source: &Source, body: &str) -> Outcome {
    let headers = vec![
        ("x-event".to_owned(), b"push".to_vec()),
        ("authorization".to_owned(), b"Bearer hidden".to_vec()),
    ];
    let request = Request::new("POST", "/acme", "q=one&secret=x", headers, body.to_owned());
    let webhook = source.webhook.as_ref().unwrap();
    let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    let verified = verify(webhook, request, &LiveSecrets::default(), now).unwrap();
    let admitted = Admitted::webhook(&verified, webhook, now).of_delivery(Some("d-1".to_owned()));
    Pipeline::for_webhook(source).unwrap().run(admitted)
}

/// Returns what `program` makes of `record`, as JSON text, or why it fails.
pub(crate) fn made(program: &str, record: &str) -> Result<String, String> {
    let source = source(&json!({ "map": { "tags": [{ "jq": program }] } }));
    // A list at the root would be split into several records.
    let outcome = run(&source, &format!("[{record}]"));
    assert_eq!(outcome.events.len() + outcome.letters.len(), 1, "{program}");
    if let Some(letter) = outcome.letters.first() {
        assert_eq!(letter.stage.to_string(), "structure");
        return Err(letter.reason.clone());
    }
    let body = &outcome.events[0].message.body;
    // A list that is written as it is; nothing is no tag.
    let (_, from) = body.split_once("\"tags\":[").expect("it has tags");
    let (made, _) = from.rsplit_once("],\"timestamp\":").expect("it has more");
    Ok(if made.is_empty() { "null" } else { made }.to_owned())
}
