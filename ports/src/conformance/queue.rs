//! What a queue promises.
#![expect(clippy::panic, clippy::expect_used, reason = "a test fails by panicking")]

use super::Backend;
use crate::Message;

fn message(number: usize, body: String) -> Message {
    Message { event_id: format!("event-{number}"), source: "acme".to_owned(), body }
}

/// One `Ok` an entry, in order, and all of them arrive.
pub async fn every_entry_has_a_result_and_arrives_in_order(backend: Backend) {
    let batch: Vec<_> = (0..25).map(|n| message(n, format!("{{\"n\":{n}}}"))).collect();
    let results = backend.queue.send(&batch).await.expect("the queue takes a batch");
    assert_eq!(results, vec![Ok(()); 25]);
    assert_eq!(backend.consumer.drain().await, batch);
}

/// Nothing in, nothing out.
pub async fn an_empty_batch_is_nothing(backend: Backend) {
    assert_eq!(backend.queue.send(&[]).await.expect("nothing is taken"), vec![]);
    assert!(backend.consumer.drain().await.is_empty());
}

/// More entries and more bytes than one request of any queue may have.
pub async fn a_batch_larger_than_any_limit_is_split(backend: Backend) {
    let body = format!("{{\"text\":\"{}\"}}", "x".repeat(2_000));
    let batch: Vec<_> = (0..2_500).map(|n| message(n, body.clone())).collect();
    let results = backend.queue.send(&batch).await.expect("the queue takes a batch");
    assert_eq!(results.len(), 2_500);
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(backend.consumer.drain().await.len(), 2_500);
}

/// Text of every script, and as long as a message may be.
pub async fn a_body_keeps_every_character(backend: Backend) {
    let batch = [
        message(0, "{\"k\":\"Ödegård 漢字 😀 \\u0000 \\ufffe \u{7f}\"}".to_owned()),
        message(1, format!("\"{}\"", "é".repeat(400_000))),
    ];
    backend.queue.send(&batch).await.expect("the queue takes a batch");
    if backend.consumer.drain().await != batch {
        panic!("a body changed on its way");
    }
}
