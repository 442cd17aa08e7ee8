//! The port for dead letters, on a queue that can only be received from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::{
    DeadLetter, DeadLetters, LetterCounts, PassedOver, Settled, StoreError, Taken, TakenLetter,
};

use crate::error::AwsError;
use crate::queue::packing::ENTRIES;
use crate::queue::receive::delete;
use crate::rejected::letter::{Stub, letter, stub, unreadable};
use crate::rejected::queue::{LONG_POLL, RejectedQueue, SHORT_POLL};

/// How often one list receives at most, ten letters each time.
const LOOK_RECEIVES: usize = 1_000;

/// How often one take receives at most. Between two takes a redrive looks whether its
/// time runs out.
const TAKE_RECEIVES: usize = 20;

/// How long a list holds what it has received, in seconds. It must be longer than all
/// its receives take, or messages would come again.
const LOOK_HOLD: i32 = 120;

/// The longest hold that SQS allows, in seconds: twelve hours
/// (ChangeMessageVisibility).
const LONGEST_HOLD: u64 = 43_200;

/// A message whose letter may be listed.
struct Candidate {
    stub: Stub,
    body: String,
}

impl RejectedQueue {
    /// Returns the oldest `limit` letters that are `wanted`, of the first ten thousand.
    /// Of two with the same id, the one with more attempts counts.
    async fn look(
        &self,
        limit: usize,
        wanted: impl Fn(&Stub) -> bool,
    ) -> Result<Vec<DeadLetter>, AwsError> {
        let mut receipts = BTreeMap::new();
        let mut oldest: BTreeMap<(Timestamp, String), Candidate> = BTreeMap::new();
        let mut failed = None;
        for _ in 0..LOOK_RECEIVES {
            let messages = match self.receive(ENTRIES, LOOK_HOLD, LONG_POLL).await {
                Ok(messages) => messages,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            };
            let before = receipts.len();
            for message in messages {
                let id = message.message_id.unwrap_or_default();
                receipts.insert(id.clone(), message.receipt_handle.unwrap_or_default());
                let body = message.body.unwrap_or_default();
                let Some(stub) = self.readable(&id, &body).filter(&wanted) else { continue };
                let age = (stub.received_at, stub.id.clone());
                if oldest.get(&age).is_none_or(|other| other.stub.attempts <= stub.attempts) {
                    oldest.insert(age, Candidate { stub, body });
                }
                // Bodies are large: keep no more of them than are wanted.
                if oldest.len() > limit {
                    oldest.pop_last();
                }
            }
            // Nothing came, or only messages whose hold ran out.
            if receipts.len() == before {
                break;
            }
        }
        let receipts: Vec<_> = receipts.into_values().collect();
        self.free(&receipts).await;
        if let Some(error) = failed {
            return Err(error);
        }
        let mut letters = Vec::with_capacity(oldest.len());
        for Candidate { stub, body } in oldest.into_values() {
            match letter(&self.objects, &stub, &body).await? {
                Ok(letter) => letters.push(letter),
                Err(reason) => self.tell(&stub.id, &reason),
            }
        }
        Ok(letters)
    }

    /// Receives until `limit` letters are taken, nothing more comes, one take has
    /// received enough, or something fails.
    async fn hold(
        &self,
        source: Option<&str>,
        limit: usize,
        seconds: i32,
    ) -> (Taken, Option<AwsError>) {
        let (mut taken, mut spare, mut failed) = (Taken::default(), Vec::new(), None);
        for receive in 0..TAKE_RECEIVES {
            if taken.letters.len() >= limit || failed.is_some() {
                break;
            }
            // How many of the next letters are of that source is not known.
            let some = if source.is_none() { limit - taken.letters.len() } else { ENTRIES };
            // Whoever took something takes again, and then finds what is left.
            let wait = if receive == 0 { LONG_POLL } else { SHORT_POLL };
            let messages = match self.receive(some, seconds, wait).await {
                Ok(messages) if messages.is_empty() => break,
                Ok(messages) => messages,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            };
            for message in messages {
                let receipt = message.receipt_handle.unwrap_or_default();
                if failed.is_some() {
                    spare.push(receipt);
                    continue;
                }
                let body = message.body.unwrap_or_default();
                let id = message.message_id.unwrap_or_default();
                let Some(stub) = self.readable(&id, &body) else {
                    taken.passed_over.push(PassedOver { id, receipt });
                    continue;
                };
                if source.is_some_and(|source| source != stub.source) {
                    taken.passed_over.push(PassedOver { id, receipt });
                    continue;
                }
                if taken.letters.len() >= limit {
                    spare.push(receipt);
                    continue;
                }
                match letter(&self.objects, &stub, &body).await {
                    Ok(Ok(letter)) => taken.letters.push(TakenLetter { letter, receipt }),
                    Ok(Err(reason)) => {
                        self.tell(&stub.id, &reason);
                        taken.passed_over.push(PassedOver { id: stub.id, receipt });
                    }
                    Err(error) => {
                        spare.push(receipt);
                        failed = Some(error);
                    }
                }
            }
        }
        self.free(&spare).await;
        (taken, failed)
    }

    /// Lets others receive these messages. A failure only delays that: each hold ends by
    /// itself.
    async fn free(&self, receipts: &[String]) {
        if let Err(error) = self.give_all_back(receipts).await {
            tracing::debug!(error = %error, "dead letters stay held");
        }
    }

    fn readable(&self, message: &str, body: &str) -> Option<Stub> {
        match stub(body) {
            Ok(stub) => Some(stub),
            Err(error) => {
                self.tell(message, &unreadable(&error));
                None
            }
        }
    }

    /// Logs once that the letter or message `id` cannot be run again. It must not keep
    /// the others from that.
    fn tell(&self, id: &str, reason: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(id.to_owned()) {
            tracing::warn!(
                letter = id,
                reason,
                "a dead letter cannot be read and is passed over until the queue drops it: `mef dlq discard` drops it now"
            );
        }
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

    async fn count(&self, _: Option<&str>, _: Timestamp) -> Result<LetterCounts, StoreError> {
        let counts = self.counts().await?;
        // SQS does not say when a message is visible again.
        Ok(LetterCounts { free: counts.waiting, held: counts.in_flight, held_until: None })
    }

    async fn take(
        &self,
        source: Option<&str>,
        limit: usize,
        _now: Timestamp,
        hold: Duration,
    ) -> Result<Taken, StoreError> {
        let seconds = i32::try_from(hold.as_secs().clamp(1, LONGEST_HOLD)).unwrap_or(1);
        match self.hold(source, limit, seconds).await {
            (taken, Some(error)) if taken == Taken::default() => {
                Err(error.during("take dead letters"))
            }
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
        // Deleting the same receipt twice would fail.
        let (mut done, mut kept, mut failed) = (BTreeSet::new(), Vec::new(), None);
        for Settled { receipt, remains } in settled {
            let stored: Vec<_> = stored.by_ref().take(remains.len()).collect();
            match stored.into_iter().collect::<Result<(), _>>() {
                Ok(()) => drop(done.insert(receipt.as_str())),
                Err(error) => {
                    kept.push(receipt.as_str());
                    failed = failed.or(Some(error));
                }
            }
        }
        for receipt in kept {
            done.remove(receipt);
        }
        let done: Vec<_> = done.into_iter().collect();
        let deleted = delete(self.shared.sqs(), self.url(), &done).await;
        failed.map_or(deleted, Err).map_err(|error| error.during(operation))
    }

    async fn give_back(&self, receipts: &[String]) -> Result<(), StoreError> {
        let given = self.give_all_back(receipts).await;
        given.map_err(|error| error.during("give dead letters back"))
    }
}
