//! Runs dead letters through today's pipeline.
//!
//! A letter is run again once somebody has mended the source file or the code.
//! It starts from its raw record; its signature is not checked again. An event
//! that passes has the id that it would have had at first, unless today's source
//! file splits what was one record. A record that is rejected again replaces its
//! letter, with one more attempt.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use mef_ports::{DeadLetter, EMPTY_TAKES, Settled, StoreError, Taken, TakenLetter};

use crate::admitted::{Admitted, Channel};
use crate::deliver::{Outputs, Sent, send};
use crate::pipeline::Pipeline;

/// How many letters are run at once.
const BATCH: usize = 10;
/// How long a letter is held: longer than a batch takes with all retries.
const HOLD: Duration = Duration::from_secs(300);
/// How many letters are held at once. SQS allows 120,000 messages in flight and
/// looks empty beyond that.
const MOST_HELD: usize = 100_000;
/// How many records of one letter may be refused again before they are stored.
const MOST_REFUSED: usize = 1_000;

/// Finds today's pipelines.
pub trait Pipelines: Sync {
    /// Returns the pipeline of `source` for `channel`; `None` if the source is
    /// gone or no longer has that channel.
    fn find(&self, source: &str, channel: Channel) -> Option<Arc<Pipeline>>;
}

/// What a redrive did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redriven {
    /// Letters whose records all passed.
    pub redriven: u64,
    /// Events that the queue took.
    pub delivered: u64,
    /// Letters with a record that was rejected again.
    pub refused_again: u64,
    /// Letters left as they are because their source is gone.
    pub no_source: u64,
    /// Whether it ended before it tried every letter.
    pub unfinished: bool,
}

/// Runs each dead letter of `source`, or of every source, once, while
/// `keep_going` returns true.
///
/// # Errors
///
/// Fails if the queue or the store of dead letters does. Each letter is then
/// still stored, or its events are in the queue.
pub async fn redrive(
    outputs: &Outputs,
    pipelines: &dyn Pipelines,
    source: Option<&str>,
    keep_going: &(dyn Fn() -> bool + Sync),
) -> Result<Redriven, StoreError> {
    let mut redrive = Redrive { outputs, pipelines, tried: HashMap::new(), held: Vec::new() };
    let result = redrive.all(source, keep_going).await;
    // A hold that is not given back ends by itself.
    if let Err(error) = outputs.dead_letters.give_back(&redrive.held).await {
        tracing::warn!(error = %error, "dead letters stay held for a while");
    }
    result
}

/// What became of one letter.
#[derive(Default)]
struct Done {
    delivered: u64,
    /// The ids of letters that are stored already.
    kept: Vec<String>,
    /// What is still to be stored.
    refused: Vec<DeadLetter>,
}

struct Redrive<'r> {
    outputs: &'r Outputs,
    pipelines: &'r dyn Pipelines,
    /// The letters that were tried. Up to this number of attempts, everything in
    /// the letter is in the queue or in the dead letters.
    tried: HashMap<String, u32>,
    /// The letters that are not to be taken again. They are held to the end, or
    /// every take would return them again.
    held: Vec<String>,
}

impl Redrive<'_> {
    async fn all(
        &mut self,
        source: Option<&str>,
        keep_going: &(dyn Fn() -> bool + Sync),
    ) -> Result<Redriven, StoreError> {
        let mut total = Redriven::default();
        let mut passed_over = HashSet::new();
        let mut empty = 0;
        while empty < EMPTY_TAKES {
            if !keep_going() || self.held.len() >= MOST_HELD {
                total.unfinished = true;
                break;
            }
            let now = self.outputs.clock.now();
            let taken = self.outputs.dead_letters.take(source, BATCH, now, HOLD).await?;
            let Taken { letters, passed_over: others } = taken;
            // In a long redrive the first holds end before the last letter is
            // taken. A letter that returns then is not new.
            let mut found = false;
            for other in others {
                found |= passed_over.insert(other.id);
                self.held.push(other.receipt);
            }
            let (fresh, known) = self.sort(letters);
            found |= !fresh.is_empty();
            empty = if found { 0 } else { empty + 1 };
            self.batch(fresh, &mut total).await?;
            self.settle_known(known).await?;
        }
        Ok(total)
    }

    /// Splits letters into those to try now and those tried before: a queue may
    /// return a letter twice, and may hold two copies of it.
    fn sort(&self, letters: Vec<TakenLetter>) -> (Vec<TakenLetter>, Vec<TakenLetter>) {
        let mut ids = HashSet::new();
        letters.into_iter().partition(|TakenLetter { letter, .. }| {
            !self.tried.contains_key(&letter.id) && ids.insert(letter.id.clone())
        })
    }

    /// Removes copies of settled letters, and holds those that were put back.
    async fn settle_known(&mut self, known: Vec<TakenLetter>) -> Result<(), StoreError> {
        let (copies, put_back): (Vec<_>, Vec<_>) = known.into_iter().partition(|taken| {
            let settled = self.tried.get(&taken.letter.id);
            settled.is_some_and(|attempts| taken.letter.attempts <= *attempts)
        });
        self.held.extend(put_back.into_iter().map(|taken| taken.receipt));
        let settled = copies
            .into_iter()
            .map(|TakenLetter { receipt, .. }| Settled { receipt, remains: Vec::new() });
        self.outputs.dead_letters.settle(&settled.collect::<Vec<_>>()).await
    }

    async fn batch(
        &mut self,
        taken: Vec<TakenLetter>,
        total: &mut Redriven,
    ) -> Result<(), StoreError> {
        let results = join_all(taken.iter().map(|taken| self.one(&taken.letter))).await;
        // The other letters of the batch are settled before a failure ends the redrive.
        let mut settled = Vec::new();
        let mut failure = None;
        for (taken, result) in taken.into_iter().zip(results) {
            let TakenLetter { letter, receipt } = taken;
            let tried = self.tried.entry(letter.id).or_default();
            match result {
                Ok(Some(Done { delivered, kept, refused })) => {
                    total.delivered += delivered;
                    match refused.is_empty() && kept.is_empty() {
                        true => total.redriven += 1,
                        false => total.refused_again += 1,
                    }
                    *tried = letter.attempts;
                    for id in refused.iter().map(|letter| letter.id.clone()).chain(kept) {
                        self.tried.entry(id).or_default();
                    }
                    settled.push(Settled { receipt, remains: refused });
                }
                Ok(None) => {
                    total.no_source += 1;
                    self.held.push(receipt);
                }
                Err(error) => {
                    self.held.push(receipt);
                    failure = Some(error);
                }
            }
        }
        self.outputs.dead_letters.settle(&settled).await?;
        failure.map_or(Ok(()), Err)
    }

    /// Runs one letter; `None` if there is no pipeline for it.
    async fn one(&self, letter: &DeadLetter) -> Result<Option<Done>, StoreError> {
        let pipeline = Channel::parse(&letter.channel)
            .and_then(|channel| self.pipelines.find(&letter.source, channel));
        let Some((pipeline, admitted)) = pipeline.zip(Admitted::redriven(letter.clone())) else {
            return Ok(None);
        };
        let mut done = Done::default();
        let mut running = pipeline.start(admitted);
        while let Some(part) = running.next_part() {
            // The letter may be a body with many records.
            if done.refused.len() > MOST_REFUSED {
                self.outputs.dead_letters.put(&done.refused).await?;
                done.kept.extend(done.refused.drain(..).map(|letter| letter.id));
            }
            let Sent { delivered, refused } = send(self.outputs, part).await?;
            done.delivered += delivered;
            done.refused.extend(refused);
        }
        Ok(Some(done))
    }
}
