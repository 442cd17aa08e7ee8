//! Sends dead letters to their queue and receives them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, Message};
use bytes::Bytes;
use futures::StreamExt as _;
use mef_ports::{DeadLetter, Refused, StoreError};

use crate::bucket::objects::Objects;
use crate::clients::Shared;
use crate::error::AwsError;
use crate::queue::packing::{ENTRIES, Entry, SOURCE};
use crate::queue::receive::{QueueCounts, counts};
use crate::queue::send::{Failure, send};
use crate::rejected::letter::{claimed_body, letter_text, object_key};

/// The attribute that names the letter.
const LETTER_ID: &str = "letter_id";

/// How many letters are stored in the bucket at once.
const AT_ONCE: usize = 8;

/// How many requests give letters back at once: a redrive may hold thousands.
const BACK_AT_ONCE: usize = 16;

/// How long a receive waits for a first message, in seconds. SQS then asks all its
/// servers: no message nearly always means that there is none.
pub(super) const LONG_POLL: i32 = 1;

/// A receive that does not wait. SQS then asks only some of its servers: no message
/// means little.
pub(super) const SHORT_POLL: i32 = 0;

/// The dead letters in a standard queue.
///
/// SQS can neither show messages nor order them. So a list receives what is there
/// and gives it back. A letter that is put again is in the queue twice until one of
/// the two is settled; the one with more attempts is listed.
#[derive(Clone)]
pub struct RejectedQueue {
    pub(crate) shared: Arc<Shared>,
    pub(crate) objects: Objects,
    /// What cannot be run again and is in the log already: each list meets it again.
    pub(crate) told: Arc<Mutex<HashSet<String>>>,
}

impl RejectedQueue {
    pub(crate) fn new(shared: Arc<Shared>) -> RejectedQueue {
        RejectedQueue { objects: Objects::new(shared.clone()), shared, told: Arc::default() }
    }

    pub(crate) fn url(&self) -> &str {
        &self.shared.settings.rejected_queue_url
    }

    /// Counts the letters, and those that a redrive holds.
    ///
    /// # Errors
    ///
    /// Fails if the queue is out of reach.
    pub async fn counts(&self) -> Result<QueueCounts, StoreError> {
        counts(self.shared.sqs(), self.url()).await
    }

    /// Stores letters and returns one result for each, in order.
    pub(crate) async fn store(&self, letters: &[&DeadLetter]) -> Vec<Result<(), AwsError>> {
        let mut entries = Vec::with_capacity(letters.len());
        for letter in letters {
            entries.push(self.entry(letter));
        }
        let entries: Vec<_> = futures::stream::iter(entries).buffered(AT_ONCE).collect().await;
        let ready: Vec<_> = entries.iter().flatten().cloned().collect();
        let mut sent = send(self.shared.sqs(), self.url(), &ready).await.into_iter();
        let results = entries.into_iter().map(|entry| {
            entry?;
            let sent = sent.next().unwrap_or_else(|| Err(Failure::unanswered()));
            sent.map_err(|failure| AwsError::new(Refused::from(failure).reason))
        });
        results.collect()
    }

    async fn entry<'l>(&self, letter: &'l DeadLetter) -> Result<Entry<'l>, AwsError> {
        let text = letter_text(letter)?;
        let attributes = [(SOURCE, letter.source.as_str()), (LETTER_ID, letter.id.as_str())];
        let entry = Entry::new(text, attributes);
        if !entry.is_too_large() {
            return Ok(entry);
        }
        let bytes = Bytes::copy_from_slice(entry.body.as_bytes());
        let claim = self.objects.claim(&object_key(letter), bytes).await?;
        let body =
            claimed_body(&entry.body, &claim).map_err(|error| AwsError::new(error.to_string()))?;
        Ok(Entry::new(body, attributes))
    }

    /// Receives up to `max` messages, which nobody else receives for `seconds`. Waits up
    /// to `wait` seconds for the first.
    pub(crate) async fn receive(
        &self,
        max: usize,
        seconds: i32,
        wait: i32,
    ) -> Result<Vec<Message>, AwsError> {
        let request = self.shared.sqs().receive_message().queue_url(self.url());
        let response = request
            .max_number_of_messages(i32::try_from(max.clamp(1, ENTRIES)).unwrap_or(1))
            .visibility_timeout(seconds)
            .wait_time_seconds(wait)
            .send()
            .await?;
        Ok(response.messages.unwrap_or_default())
    }

    /// Lets others receive these messages at once. Tries all and returns the first
    /// error.
    pub(crate) async fn give_all_back(&self, receipts: &[String]) -> Result<(), AwsError> {
        let mut requests = Vec::new();
        for some in receipts.chunks(ENTRIES) {
            requests.push(self.give_some_back(some));
        }
        let results = futures::stream::iter(requests).buffer_unordered(BACK_AT_ONCE);
        results.collect::<Vec<_>>().await.into_iter().collect()
    }

    async fn give_some_back(&self, receipts: &[String]) -> Result<(), AwsError> {
        let entries = receipts.iter().enumerate().map(|(index, receipt)| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(receipt)
                .visibility_timeout(0)
                .build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>();
        let entries = entries.map_err(|error| AwsError::new(error.to_string()))?;
        let request = self.shared.sqs().change_message_visibility_batch();
        let response = request.queue_url(self.url()).set_entries(Some(entries)).send().await?;
        // The hold may have ended by itself.
        let failed = response.failed().iter().find(|entry| !entry.code().contains("NotInflight"));
        failed.map_or(Ok(()), |entry| {
            let message = entry.message().unwrap_or("no reason given");
            Err(AwsError::new(format!("{}: {message}", entry.code())))
        })
    }
}
