//! The behaviour of a queue.
//!
//! Neither the order of arrival nor a way to look into the queue is promised: what was sent
//! is read back as a consumer would, and compared by event id.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use super::Backend;
use crate::Message;

/// SQS accepts 1 MiB with the attributes; this leaves 1 KiB for them.
const LARGEST_BODY: usize = (1 << 20) - (1 << 10);

fn message(number: usize, body: String) -> Message {
    Message { event_id: format!("event-{number:05}"), source: "acme".to_owned(), body }
}

fn body_of(size: usize) -> String {
    let frame = "{\"text\":\"\"}".len();
    format!("{{\"text\":\"{}\"}}", "x".repeat(size - frame))
}

/// Sends `batch`, and compares it with what a consumer gets.
async fn send_and_compare(backend: &Backend, batch: &[Message]) {
    let results = backend.queue.send(batch).await.expect("the queue takes a batch");
    assert_eq!(results.len(), batch.len(), "one result an entry");
    for (message, result) in batch.iter().zip(&results) {
        assert_eq!(result, &Ok(()), "{}", message.event_id);
    }
    let mut arrived = backend.consumer.drain().await;
    arrived.sort_by(|one, other| one.event_id.cmp(&other.event_id));
    assert_eq!(arrived.len(), batch.len(), "every entry arrives once");
    for (sent, arrived) in batch.iter().zip(&arrived) {
        // The bodies can be too long to print.
        assert!(sent == arrived, "{} changed on its way", sent.event_id);
    }
}

/// These are more than the ten that SQS accepts at once.
pub async fn every_entry_has_a_result_and_arrives(backend: Backend) {
    let batch: Vec<_> = (0..25).map(|n| message(n, format!("{{\"n\":{n}}}"))).collect();
    send_and_compare(&backend, &batch).await;
}

/// An empty batch gives no results and sends nothing.
pub async fn an_empty_batch_is_nothing(backend: Backend) {
    assert_eq!(backend.queue.send(&[]).await.expect("nothing is taken"), vec![]);
    assert!(backend.consumer.drain().await.is_empty());
}

/// The batch has more entries and more bytes than any queue accepts in one request.
pub async fn a_batch_larger_than_any_limit_is_split(backend: Backend) {
    let body = body_of(2_000);
    let batch: Vec<_> = (0..2_500).map(|n| message(n, body.clone())).collect();
    send_and_compare(&backend, &batch).await;
}

/// Two of them fill more than one request.
pub async fn bodies_as_large_as_a_message_may_be_arrive(backend: Backend) {
    let large = body_of(LARGEST_BODY);
    let batch = [
        message(0, body_of(100)),
        message(1, large.clone()),
        message(2, large),
        message(3, body_of(100)),
    ];
    send_and_compare(&backend, &batch).await;
}

/// The text has many scripts and the limits of what SQS accepts.
pub async fn a_body_keeps_every_character(backend: Backend) {
    let edges = "\u{20}\u{7f}\u{d7ff}\u{e000}\u{fffd}\u{10000}\u{10ffff}";
    let batch = [
        message(0, format!("{{\"k\":\"Ödegård 漢字 😀 \\u0000 \\ufffe {edges}\"}}")),
        message(1, "{\n\t\"k\": \"it's \\\"quoted\\\" & <b>; DROP TABLE events\"\n}".to_owned()),
        message(2, format!("{{\"k\":\"{}\"}}", "é".repeat(400_000))),
    ];
    send_and_compare(&backend, &batch).await;
}

/// No message is lost or mixed into another batch.
pub async fn batches_sent_at_once_all_arrive(backend: Backend) {
    let batches: Vec<Vec<_>> = (0..8)
        .map(|batch| (0..15).map(|n| message(batch * 15 + n, format!("{{\"n\":{n}}}"))).collect())
        .collect();
    let sends = batches.iter().map(|batch| backend.queue.send(batch)).collect();
    for results in super::at_once(sends).await {
        assert_eq!(results.expect("the queue takes a batch"), vec![Ok(()); 15]);
    }
    let mut arrived = backend.consumer.drain().await;
    arrived.sort_by(|one, other| one.event_id.cmp(&other.event_id));
    assert_eq!(arrived, batches.concat());
}
