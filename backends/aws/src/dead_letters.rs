//! What dead letters promise, on a queue that can only be received from.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{DeadLetter, DeadLetters, Settled, StoreError, TakenLetter};

use crate::error::AwsError;
use crate::letter::{Stub, letter, stub, unreadable};
use crate::packing::ENTRIES;
use crate::receive::delete;
use crate::rejected::RejectedQueue;

/// How often one look or take receives at most: with ten letters each time.
const RECEIVES: usize = 1_000;

/// For how long a look holds what it has received, in seconds: longer than all
/// its receives take, or they would come again.
const LOOK_HOLD: i32 = 120;

/// The longest hold that SQS knows: twelve hours (ChangeMessageVisibility).
const LONGEST_HOLD: u64 = 43_200;

/// A message that was looked at.
struct Seen {
    stub: Stub,
    body: String,
}

impl RejectedQueue {
    /// The oldest `limit` letters that `wanted` says yes to, of the first ten
    /// thousand; of two with one id, the one that was refused more often.
    async fn look(
        &self,
        limit: usize,
        wanted: impl Fn(&Stub) -> bool,
    ) -> Result<Vec<DeadLetter>, AwsError> {
        let mut receipts = BTreeMap::new();
        let mut oldest: BTreeMap<(Timestamp, String), Seen> = BTreeMap::new();
        let mut failed = None;
        for _ in 0..RECEIVES {
            let messages = match self.receive(ENTRIES, LOOK_HOLD).await {
                Ok(messages) => messages,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            };
            let known = receipts.len();
            for message in messages {
                let id = message.message_id.unwrap_or_default();
                receipts.insert(id.clone(), message.receipt_handle.unwrap_or_default());
                let body = message.body.unwrap_or_default();
                let Some(stub) = readable(&id, &body).filter(&wanted) else { continue };
                let place = (stub.received_at, stub.id.clone());
                if oldest.get(&place).is_none_or(|seen| seen.stub.attempts <= stub.attempts) {
                    oldest.insert(place, Seen { stub, body });
                }
                // Bodies are large: no more of them than are asked for.
                if oldest.len() > limit {
                    oldest.pop_last();
                }
            }
            // Nothing came, or only what a hold that ran out gave again.
            if receipts.len() == known {
                break;
            }
        }
        let receipts: Vec<_> = receipts.into_values().collect();
        self.give_all_back(&receipts).await;
        if let Some(error) = failed {
            return Err(error);
        }
        let mut letters = Vec::with_capacity(oldest.len());
        for seen in oldest.into_values() {
            match letter(&self.objects, &seen.stub, &seen.body).await? {
                Ok(letter) => letters.push(letter),
                Err(reason) => warn_of(&seen.stub.id, &reason),
            }
        }
        Ok(letters)
    }

    /// Receives until `limit` letters are taken, nothing more comes, or
    /// something fails.
    async fn hold(
        &self,
        source: Option<&str>,
        limit: usize,
        seconds: i32,
    ) -> (Vec<TakenLetter>, Option<AwsError>) {
        let (mut taken, mut others) = (Vec::new(), Vec::new());
        let mut failed = None;
        'receives: for _ in 0..RECEIVES {
            if taken.len() >= limit {
                break;
            }
            // Of one source's letters it is not known how many come.
            let some = if source.is_none() { limit - taken.len() } else { ENTRIES };
            let messages = match self.receive(some, seconds).await {
                Ok(messages) if messages.is_empty() => break,
                Ok(messages) => messages,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            };
            for message in messages {
                let receipt = message.receipt_handle.unwrap_or_default();
                let body = message.body.unwrap_or_default();
                // What cannot be read stays held, so that it does not come
                // again and again; the queue drops it in the end.
                let id = message.message_id.unwrap_or_default();
                let Some(stub) = readable(&id, &body) else { continue };
                if taken.len() >= limit || source.is_some_and(|source| source != stub.source) {
                    others.push(receipt);
                    continue;
                }
                match letter(&self.objects, &stub, &body).await {
                    Ok(Ok(letter)) => taken.push(TakenLetter { letter, receipt }),
                    Ok(Err(reason)) => warn_of(&stub.id, &reason),
                    Err(error) => {
                        others.push(receipt);
                        failed = Some(error);
                        break 'receives;
                    }
                }
            }
        }
        self.give_all_back(&others).await;
        (taken, failed)
    }
}

#[async_trait]
impl DeadLetters for RejectedQueue {
    async fn put(&self, letters: &[DeadLetter]) -> Result<(), StoreError> {
        let stored = self
            .store(&letters.iter().collect::<Vec<_>>())
            .await
            .into_iter()
            .collect::<Result<(), _>>();
        stored.map_err(|error| error.during("put a dead letter"))
    }

    async fn list(
        &self,
        source: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.look(limit, |stub| source.is_none_or(|source| source == stub.source))
            .await
            .map_err(|error| error.during("list the dead letters"))
    }

    async fn get(&self, id: &str) -> Result<Option<DeadLetter>, StoreError> {
        let found = self.look(1, |stub| stub.id == id).await;
        let found = found.map_err(|error| error.during("read a dead letter"))?;
        Ok(found.into_iter().next())
    }

    async fn take(
        &self,
        source: Option<&str>,
        limit: usize,
        _now: Timestamp,
        hold: Duration,
    ) -> Result<Vec<TakenLetter>, StoreError> {
        let seconds = i32::try_from(hold.as_secs().clamp(1, LONGEST_HOLD)).unwrap_or(1);
        match self.hold(source, limit, seconds).await {
            (taken, Some(error)) if taken.is_empty() => Err(error.during("take dead letters")),
            // What was taken can be worked on; the next take meets the error.
            (taken, _) => Ok(taken),
        }
    }

    async fn settle(&self, settled: &[Settled]) -> Result<(), StoreError> {
        let operation = "settle dead letters";
        let mut remains = Vec::new();
        for settled in settled {
            remains.extend(&settled.remains);
        }
        let mut stored = self.store(&remains).await.into_iter();
        let (mut done, mut failed) = (Vec::new(), None);
        for Settled { receipt, remains } in settled {
            let stored: Vec<_> = stored.by_ref().take(remains.len()).collect();
            match stored.into_iter().collect::<Result<(), _>>() {
                Ok(()) => done.push(receipt.as_str()),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let deleted = delete(self.shared.sqs(), self.url(), &done).await;
        failed.map_or(deleted, Err).map_err(|error| error.during(operation))
    }

    async fn give_back(&self, receipt: &str) -> Result<(), StoreError> {
        let request = self.shared.sqs().change_message_visibility().queue_url(self.url());
        match request.receipt_handle(receipt).visibility_timeout(0).send().await {
            Ok(_) => Ok(()),
            // The hold has ended by itself.
            Err(error) if error.as_service_error().is_some_and(|e| e.is_message_not_inflight()) => {
                Ok(())
            }
            Err(error) => Err(AwsError::from(error).during("give a dead letter back")),
        }
    }
}

fn readable(message: &str, body: &str) -> Option<Stub> {
    match stub(body) {
        Ok(stub) => Some(stub),
        Err(error) => {
            warn_of(message, &unreadable(&error));
            None
        }
    }
}

/// Nothing more can be done with it, and the queue drops it in the end: it must
/// not keep the others from being run again.
fn warn_of(id: &str, reason: &str) {
    tracing::warn!(letter = id, reason, "a message in the queue of dead letters is passed over");
}
