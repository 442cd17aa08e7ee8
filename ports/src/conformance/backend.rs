//! What the tests need of a backend.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::moment::after;
use crate::{
    Blobs, Cursors, DeadLetters, Deliveries, Limits, Message, Queue, Receipt, SecretRef, Secrets,
    Tokens,
};

/// Makes the receipt of a delivery that never took place.
#[expect(clippy::disallowed_methods, reason = "a test of a store delivers nothing")]
pub fn receipt() -> Receipt {
    Receipt::of_delivery(0, 0)
}

/// A fresh, empty backend.
#[derive(Clone)]
pub struct Backend {
    /// The queue.
    pub queue: Arc<dyn Queue>,
    /// Reads what was sent to the queue.
    pub consumer: Arc<dyn Consumer>,
    /// The dead letters.
    pub dead_letters: Arc<dyn DeadLetters>,
    /// The cursors.
    pub cursors: Arc<dyn Cursors>,
    /// The delivery marks.
    pub deliveries: Arc<dyn Deliveries>,
    /// The access tokens.
    pub tokens: Arc<dyn Tokens>,
    /// The limits.
    pub limits: Arc<dyn Limits>,
    /// The blobs.
    pub blobs: Arc<dyn Blobs>,
    /// The secrets.
    pub secrets: Arc<dyn Secrets>,
    /// Sets secrets as a person would.
    pub vault: Arc<dyn Vault>,
}

/// Takes messages out of the queue. Only tests need this of every backend.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// Takes everything that is in the queue, in any order. A message that the
    /// queue gives twice is returned once.
    async fn drain(&self) -> Vec<Message>;
}

/// Sets secrets as a person would. No port does this.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Sets `reference` to `value`. A store that cannot hold an empty value
    /// removes the secret instead.
    async fn keep(&self, reference: &SecretRef, value: &str);
}

/// Runs `calls` concurrently and returns their results in order.
pub(crate) async fn at_once<T>(calls: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut calls: Vec<(Pin<Box<_>>, Option<T>)> =
        calls.into_iter().map(|call| (Box::pin(call), None)).collect();
    poll_fn(|context| {
        for (call, result) in calls.iter_mut().filter(|(_, result)| result.is_none()) {
            if let Poll::Ready(value) = call.as_mut().poll(context) {
                *result = Some(value);
            }
        }
        if calls.iter().any(|(_, result)| result.is_none()) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
    calls.into_iter().filter_map(|(_, result)| result).collect()
}

/// Returns the time `seconds` after a fixed one.
pub(crate) fn at(seconds: i64) -> Timestamp {
    // 2026-11-24T10:00:00.123456789Z: a store has to keep every digit.
    after(Timestamp::UNIX_EPOCH, SignedDuration::new(1_795_514_400 + seconds, 123_456_789))
}
