//! Sends many entries to one queue, with a result for each.

use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use futures::StreamExt as _;
use mef_ports::Refused;

use crate::error::{AwsError, is_throttle};
use crate::queue::packing::{ATTRIBUTE_TYPE, Entry, batches};

/// How many requests are under way at once.
const AT_ONCE: usize = 16;

/// Why an entry is not known to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// SQS did not take this entry.
    Refused(Refused),
    /// The request that carried it failed as a whole.
    Request(AwsError),
}

impl Failure {
    /// The failure of an entry that the response does not name. It may not be stored, so
    /// it must be sent again.
    pub(crate) fn unanswered() -> Failure {
        let reason = "the response does not name the entry".to_owned();
        Failure::Refused(Refused { reason, transient: true })
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Refused {
        match failure {
            Failure::Refused(refused) => refused,
            Failure::Request(error) => Refused { reason: error.to_string(), transient: true },
        }
    }
}

/// Sends `entries` and returns one result for each, in order.
pub(crate) async fn send(
    client: &aws_sdk_sqs::Client,
    url: &str,
    entries: &[Entry<'_>],
) -> Vec<Result<(), Failure>> {
    let mut requests = Vec::new();
    for batch in batches(entries.iter().map(Entry::size)) {
        requests.push(send_one(client, url, entries.get(batch).unwrap_or_default()));
    }
    futures::stream::iter(requests).buffered(AT_ONCE).collect::<Vec<_>>().await.concat()
}

/// Sends one request.
async fn send_one(
    client: &aws_sdk_sqs::Client,
    url: &str,
    entries: &[Entry<'_>],
) -> Vec<Result<(), Failure>> {
    let request = entries.iter().enumerate().map(|(index, entry)| request_entry(index, entry));
    let sent = match request.collect::<Result<Vec<_>, _>>() {
        Ok(request) => client
            .send_message_batch()
            .queue_url(url)
            .set_entries(Some(request))
            .send()
            .await
            .map_err(AwsError::from),
        Err(error) => Err(AwsError::new(error.to_string())),
    };
    match sent {
        Ok(response) => (0..entries.len()).map(|index| result(&response, index)).collect(),
        Err(error) => vec![Err(Failure::Request(error)); entries.len()],
    }
}

fn request_entry(
    index: usize,
    entry: &Entry<'_>,
) -> Result<SendMessageBatchRequestEntry, aws_sdk_sqs::error::BuildError> {
    let mut request = SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_body(entry.body.as_ref());
    for (name, value) in &entry.attributes {
        let value = MessageAttributeValue::builder()
            .data_type(ATTRIBUTE_TYPE)
            .string_value(value.as_ref())
            .build()?;
        request = request.message_attributes(*name, value);
    }
    request.build()
}

/// Returns the result of one entry. A request can succeed while entries fail.
fn result(response: &SendMessageBatchOutput, index: usize) -> Result<(), Failure> {
    let id = index.to_string();
    if response.successful().iter().any(|stored| stored.id() == id) {
        return Ok(());
    }
    let Some(failed) = response.failed().iter().find(|failed| failed.id() == id) else {
        return Err(Failure::unanswered());
    };
    Err(Failure::Refused(Refused {
        reason: match failed.message() {
            Some(message) => format!("{}: {message}", failed.code()),
            None => failed.code().to_owned(),
        },
        transient: !failed.sender_fault() || may_pass(failed.code()),
    }))
}

/// Checks for codes that SQS counts as the sender's fault although the entry is good:
/// once a key or a permission is corrected, the same entry passes.
fn may_pass(code: &str) -> bool {
    is_throttle(code) || code.contains("AccessDenied") || code.to_lowercase().contains("kms")
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchResultEntry};

    use super::*;

    fn failed(id: &str, code: &str, sender_fault: bool) -> BatchResultErrorEntry {
        BatchResultErrorEntry::builder()
            .id(id)
            .code(code)
            .sender_fault(sender_fault)
            .build()
            .unwrap()
    }

    fn transient(response: &SendMessageBatchOutput, index: usize) -> bool {
        match result(response, index) {
            Err(Failure::Refused(refused)) => refused.transient,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_entry_gets_the_word_that_is_about_it() {
        let stored = SendMessageBatchResultEntry::builder()
            .id("1")
            .message_id("m")
            .md5_of_message_body("d")
            .build()
            .unwrap();
        let response = SendMessageBatchOutput::builder()
            .successful(stored)
            .failed(failed("0", "InvalidMessageContents", true))
            .failed(failed("2", "InternalError", false))
            .failed(failed("3", "KmsThrottled", true))
            .build()
            .unwrap();
        assert_eq!(result(&response, 1), Ok(()));
        assert!(!transient(&response, 0));
        assert!(transient(&response, 2) && transient(&response, 3));
        assert!(transient(&response, 4), "an entry that is not named may not be stored");
    }
}
