//! The receiving end, for a person who looks: SQS shows a message only to whoever
//! receives it.

use std::time::Duration;

use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, MessageSystemAttributeName, QueueAttributeName,
};
use jiff::Timestamp;
use mef_ports::{Message, StoreError};

use crate::error::AwsError;
use crate::queue::packing::{ENTRIES, EVENT_ID, SOURCE};
use crate::queue::sqs_queue::SqsQueue;

/// The longest wait that SQS allows, in seconds (ReceiveMessage).
const LONGEST_WAIT: i32 = 20;

/// A message that was received and comes back unless it is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The event.
    pub message: Message,
    /// What [`SqsQueue::delete`] takes.
    pub receipt: String,
    /// When it was sent, to the millisecond; `None` if SQS did not say so.
    pub sent_at: Option<Timestamp>,
    /// How often it has been received, including this time.
    pub receives: u32,
}

/// The number of messages in a queue, as far as SQS knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// Messages that can be received.
    pub waiting: u64,
    /// Messages that were received and not yet deleted.
    pub in_flight: u64,
}

impl SqsQueue {
    /// Receives up to `max` messages, and waits up to `wait` for the first. Nobody else
    /// receives them during the queue's visibility timeout. There may be more even if
    /// fewer came, or none.
    ///
    /// # Errors
    ///
    /// Fails if the queue is out of reach.
    pub async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Received>, StoreError> {
        let mut all = Vec::new();
        let mut wait = i32::try_from(wait.as_secs()).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        while all.len() < max {
            let some = i32::try_from((max - all.len()).min(ENTRIES)).unwrap_or(1);
            let request = self.shared.sqs().receive_message().queue_url(&self.url);
            let response = request
                .max_number_of_messages(some)
                .wait_time_seconds(wait)
                .message_attribute_names("All")
                .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
                .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
                .send()
                .await;
            let messages = match response {
                Ok(response) => response.messages.unwrap_or_default(),
                // Messages that were received must not be lost with the error.
                Err(_) if !all.is_empty() => break,
                Err(error) => return Err(AwsError::from(error).during("receive from the queue")),
            };
            if messages.is_empty() {
                break;
            }
            all.extend(messages.into_iter().map(received));
            wait = 0;
        }
        Ok(all)
    }

    /// Deletes received messages.
    ///
    /// # Errors
    ///
    /// Fails if any may still be in the queue.
    pub async fn delete<'r>(
        &self,
        receipts: impl IntoIterator<Item = &'r str> + Send,
    ) -> Result<(), StoreError> {
        let receipts: Vec<&str> = receipts.into_iter().collect();
        delete(self.shared.sqs(), &self.url, &receipts)
            .await
            .map_err(|error| error.during("delete from the queue"))
    }

    /// Counts the messages. SQS may be late by a minute.
    ///
    /// # Errors
    ///
    /// Fails if the queue is out of reach.
    pub async fn counts(&self) -> Result<QueueCounts, StoreError> {
        counts(self.shared.sqs(), &self.url).await
    }
}

/// Counts the messages of the queue at `url`.
pub(crate) async fn counts(
    client: &aws_sdk_sqs::Client,
    url: &str,
) -> Result<QueueCounts, StoreError> {
    let names = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ];
    let request = client.get_queue_attributes().queue_url(url);
    let response = request.set_attribute_names(Some(names.to_vec())).send().await;
    let attributes = response
        .map_err(|error| AwsError::from(error).during("count the queue"))?
        .attributes
        .unwrap_or_default();
    let [waiting, in_flight] = names
        .map(|name| attributes.get(&name).and_then(|count| count.parse().ok()).unwrap_or_default());
    Ok(QueueCounts { waiting, in_flight })
}

/// Deletes the messages of these receipts. Tries all and returns the first error.
pub(crate) async fn delete(
    client: &aws_sdk_sqs::Client,
    url: &str,
    receipts: &[&str],
) -> Result<(), AwsError> {
    let mut first = None;
    for some in receipts.chunks(ENTRIES) {
        let entries = some.iter().enumerate().map(|(index, receipt)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(*receipt)
                .build()
        });
        let failure = match entries.collect::<Result<Vec<_>, _>>() {
            Ok(entries) => {
                let request = client.delete_message_batch().queue_url(url);
                match request.set_entries(Some(entries)).send().await {
                    Ok(response) => response.failed().first().map(|failed| {
                        let message = failed.message().unwrap_or("no reason given");
                        AwsError::new(format!("{}: {message}", failed.code()))
                    }),
                    Err(error) => Some(error.into()),
                }
            }
            Err(error) => Some(AwsError::new(error.to_string())),
        };
        first = first.or(failure);
    }
    first.map_or(Ok(()), Err)
}

fn received(message: aws_sdk_sqs::types::Message) -> Received {
    let system = |name| message.attributes.as_ref().and_then(|all| all.get(&name));
    Received {
        sent_at: system(MessageSystemAttributeName::SentTimestamp)
            .and_then(|text| text.parse().ok())
            .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok()),
        receives: system(MessageSystemAttributeName::ApproximateReceiveCount)
            .and_then(|text| text.parse().ok())
            .unwrap_or_default(),
        message: Message {
            event_id: attribute(&message, EVENT_ID).to_owned(),
            source: attribute(&message, SOURCE).to_owned(),
            body: message.body.unwrap_or_default(),
        },
        receipt: message.receipt_handle.unwrap_or_default(),
    }
}

/// Returns an attribute's text; empty if there is none.
pub(crate) fn attribute<'m>(message: &'m aws_sdk_sqs::types::Message, name: &str) -> &'m str {
    message
        .message_attributes()
        .and_then(|attributes| attributes.get(name)?.string_value())
        .unwrap_or_default()
}
