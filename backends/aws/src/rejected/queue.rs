//! The queue for what the pipeline refused: sending to it and receiving from
//! it. What the port promises stands on this in `dead_letters`.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, Message};
use bytes::Bytes;
use futures::StreamExt as _;
use mef_ports::{DeadLetter, Refused, StoreError};

use crate::bucket::objects::Objects;
use crate::clients::Shared;
use crate::error::AwsError;
use crate::queue::packing::{ENTRIES, Entry};
use crate::queue::receive::{QueueCounts, counts};
use crate::queue::send::{Failure, send};
use crate::queue::sqs_queue::SOURCE;
use crate::rejected::letter::{claimed_body, letter_text, object_key};

/// The attribute that names the letter.
const LETTER_ID: &str = "letter_id";

/// How many letters go into the bucket at once.
const AT_ONCE: usize = 8;

/// How many requests give letters back at once: a redrive may hold thousands.
const BACK_AT_ONCE: usize = 16;

/// For how long a receive waits for the first message.
pub(crate) enum Wait {
    /// A second: SQS asks all its servers, and nothing nearly always means that
    /// there is nothing.
    ForAny,
    /// Not at all: SQS asks some of its servers, and nothing means nothing.
    No,
}

/// The dead letters in a standard queue.
///
/// SQS has no look and no order, so a list receives what is there and gives it
/// back, and a letter that is put again is twice in the queue until one is
/// settled; of the two, the one with more attempts is listed.
#[derive(Clone)]
pub struct RejectedQueue {
    pub(crate) shared: Arc<Shared>,
    pub(crate) objects: Objects,
    /// What cannot be run again and is in the log: it is met again and again.
    pub(crate) told: Arc<Mutex<HashSet<String>>>,
}

impl RejectedQueue {
    pub(crate) fn new(shared: Arc<Shared>) -> RejectedQueue {
        RejectedQueue { objects: Objects::new(shared.clone()), shared, told: Arc::default() }
    }

    pub(crate) fn url(&self) -> &str {
        &self.shared.settings.rejected_queue_url
    }

    /// How many letters there are, and how many somebody holds.
    ///
    /// # Errors
    ///
    /// When the queue is out of reach.
    pub async fn counts(&self) -> Result<QueueCounts, StoreError> {
        counts(self.shared.sqs(), self.url()).await
    }

    /// Stores letters, and gives one result a letter, in order.
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

    /// Receives up to `max` messages, which nobody else gets for `seconds`.
    pub(crate) async fn receive(
        &self,
        max: usize,
        seconds: i32,
        wait: Wait,
    ) -> Result<Vec<Message>, AwsError> {
        let request = self.shared.sqs().receive_message().queue_url(self.url());
        let answer = request
            .max_number_of_messages(i32::try_from(max.clamp(1, ENTRIES)).unwrap_or(1))
            .visibility_timeout(seconds)
            .wait_time_seconds(match wait {
                Wait::ForAny => 1,
                Wait::No => 0,
            })
            .send()
            .await?;
        Ok(answer.messages.unwrap_or_default())
    }

    /// Lets others receive these messages at once: tries all, and gives the
    /// first error.
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
        let answer = request.queue_url(self.url()).set_entries(Some(entries)).send().await?;
        // A hold that has ended by itself is what was wanted.
        let failed = answer.failed().iter().find(|entry| !entry.code().contains("NotInflight"));
        failed.map_or(Ok(()), |entry| {
            let message = entry.message().unwrap_or("no reason given");
            Err(AwsError::new(format!("{}: {message}", entry.code())))
        })
    }
}
