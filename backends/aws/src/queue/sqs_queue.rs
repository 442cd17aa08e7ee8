//! The sending end: the port for the queue that the SIEM reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use mef_ports::{Message, Queue, Refused, StoreError};

use crate::bucket::objects::Objects;
use crate::clients::Shared;
use crate::error::AwsError;
use crate::queue::claim::{claimed_body, object_key};
use crate::queue::packing::{EVENT_ID, Entry, SOURCE};
use crate::queue::send::{Failure, send};

/// How many events are stored in the bucket at once. Each has more than 1 MiB.
const CLAIMS_AT_ONCE: usize = 4;

/// A standard queue of events.
#[derive(Clone)]
pub struct SqsQueue {
    pub(crate) shared: Arc<Shared>,
    pub(crate) url: String,
}

impl SqsQueue {
    pub(crate) fn new(shared: Arc<Shared>, url: String) -> SqsQueue {
        SqsQueue { shared, url }
    }

    /// Stores the events that are too large for a message, and returns the bodies that
    /// stand for them by their index in `batch`.
    async fn claim(&self, batch: &[Message]) -> BTreeMap<usize, Result<String, AwsError>> {
        let mut claims = Vec::new();
        for (index, message) in batch.iter().enumerate() {
            if entry(message).is_too_large() {
                claims.push(async move { (index, self.claim_one(message).await) });
            }
        }
        futures::stream::iter(claims).buffer_unordered(CLAIMS_AT_ONCE).collect().await
    }

    async fn claim_one(&self, message: &Message) -> Result<String, AwsError> {
        let objects = Objects::new(self.shared.clone());
        let bytes = Bytes::copy_from_slice(message.body.as_bytes());
        let claim = objects.claim(&object_key(message), bytes).await?;
        claimed_body(message, &claim).map_err(|error| AwsError::new(error.to_string()))
    }
}

#[async_trait]
impl Queue for SqsQueue {
    /// An event of more than 1 MiB goes into the bucket first. The `details` of its
    /// message are a claim.
    async fn send(&self, batch: &[Message]) -> Result<Vec<Result<(), Refused>>, StoreError> {
        let mut claimed = self.claim(batch).await;
        let mut unsent = Vec::with_capacity(batch.len());
        let mut entries = Vec::with_capacity(batch.len());
        for (index, message) in batch.iter().enumerate() {
            let (entry, failure) = match claimed.remove(&index) {
                None => (Some(entry(message)), None),
                Some(Ok(body)) => (Some(with_attributes(message, body)), None),
                Some(Err(error)) => (None, Some(Failure::Request(error))),
            };
            entries.extend(entry);
            unsent.push(failure);
        }
        known(together(unsent, send(self.shared.sqs(), &self.url, &entries).await))
    }
}

/// Merges the results of the entries that were not sent with those that were.
fn together(
    unsent: Vec<Option<Failure>>,
    sent: Vec<Result<(), Failure>>,
) -> Vec<Result<(), Failure>> {
    let mut sent = sent.into_iter();
    let results = unsent.into_iter().map(|failure| match failure {
        Some(failure) => Err(failure),
        None => sent.next().unwrap_or_else(|| Err(Failure::unanswered())),
    });
    results.collect()
}

/// Returns one result for each entry. Fails only if nothing is known of any: every
/// request failed as a whole.
fn known(results: Vec<Result<(), Failure>>) -> Result<Vec<Result<(), Refused>>, StoreError> {
    let mut first = None;
    for result in &results {
        match result {
            Err(Failure::Request(error)) => first = first.or(Some(error)),
            _ => {
                return Ok(results
                    .into_iter()
                    .map(|result| result.map_err(Refused::from))
                    .collect());
            }
        }
    }
    match first {
        Some(error) => Err(error.clone().during("send to the queue")),
        None => Ok(Vec::new()),
    }
}

fn entry(message: &Message) -> Entry<'_> {
    with_attributes(message, message.body.as_str())
}

fn with_attributes<'a>(
    message: &'a Message,
    body: impl Into<std::borrow::Cow<'a, str>>,
) -> Entry<'a> {
    Entry::new(body, [(SOURCE, message.source.as_str()), (EVENT_ID, message.event_id.as_str())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Result<(), Failure> {
        Err(Failure::Refused(Refused { reason: "no".to_owned(), transient: false }))
    }

    fn failed() -> Result<(), Failure> {
        Err(Failure::Request(AwsError::new("away")))
    }

    #[test]
    fn an_entry_without_an_answer_is_not_stored() {
        let results = together(vec![None, Some(Failure::unanswered()), None], vec![Ok(())]);
        assert_eq!(results[0], Ok(()));
        let last = Refused::from(results[2].clone().unwrap_err());
        assert!(last.transient, "{}", last.reason);
    }

    #[test]
    fn only_where_nothing_is_known_there_is_an_error() {
        assert!(known(vec![failed(), failed()]).is_err());
        assert_eq!(known(vec![]).unwrap(), []);
        for other in [Ok(()), refused()] {
            let results = known(vec![failed(), other]).unwrap();
            assert!(results[0].as_ref().is_err_and(|refused| refused.transient));
        }
    }
}
