//! Dead letters through today's pipeline.
//!
//! A letter is run again from its raw record, never from its signature, once
//! somebody has mended the source file or the code. What passes goes to the
//! queue with the id it would have had at first, unless today's source file
//! takes apart what was one record; what is refused again takes the letter's
//! place, with one more attempt.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use mef_ports::{DeadLetter, EMPTY_TAKES, Settled, StoreError, Taken, TakenLetter};

use crate::admitted::{Admitted, Channel};
use crate::deliver::{Outputs, Sent, send};
use crate::pipeline::Pipeline;

/// How many letters are run side by side.
const BATCH: usize = 10;
/// How long a letter is held: longer than a batch takes, even when the queue
/// refuses its entries again and again.
const HOLD: Duration = Duration::from_secs(300);
/// How many letters are held at once: SQS lets 120,000 messages be in flight,
/// and with more it seems empty.
const MOST_HELD: usize = 100_000;

/// Where today's pipelines are found.
pub trait Pipelines: Sync {
    /// The pipeline of `source` for what came by `channel`; `None` if the
    /// source is not there any more, or has no such way in.
    fn find(&self, source: &str, channel: Channel) -> Option<Arc<Pipeline>>;
}

/// What a redrive did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redriven {
    /// Letters of which nothing is left.
    pub redriven: u64,
    /// Events that the queue took.
    pub delivered: u64,
    /// Letters of which something was refused again.
    pub refused_again: u64,
    /// Letters left as they are, because their source is not there.
    pub no_source: u64,
    /// Whether it ended before every letter was tried.
    pub unfinished: bool,
}

/// Runs the dead letters of `source`, or of every source, once each, for as
/// long as `keep_going` says.
///
/// # Errors
///
/// When the queue or the dead letters fail: every letter is then still there,
/// or its events are in the queue.
pub async fn redrive(
    outputs: &Outputs,
    pipelines: &dyn Pipelines,
    source: Option<&str>,
    keep_going: &(dyn Fn() -> bool + Sync),
) -> Result<Redriven, StoreError> {
    let mut run = Run { outputs, pipelines, tried: HashMap::new(), held: Vec::new() };
    let result = run.all(source, keep_going).await;
    // A hold that stays ends by itself.
    if let Err(error) = outputs.dead_letters.give_back(&run.held).await {
        tracing::warn!(error = %error, "dead letters stay held for a while");
    }
    result
}

struct Run<'r> {
    outputs: &'r Outputs,
    pipelines: &'r dyn Pipelines,
    /// The letters that had their turn, each with the number of attempts up to
    /// which all of it is in the queue or in the dead letters.
    tried: HashMap<String, u32>,
    /// What had its turn, or has none, is held to the end, or every take would
    /// give it again.
    held: Vec<String>,
}

impl Run<'_> {
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
            // Of a long run the first holds end before the last letter's turn:
            // what comes again is nothing new.
            let mut found = false;
            for other in others {
                found |= passed_over.insert(other.id);
                self.held.push(other.receipt);
            }
            let (fresh, known) = self.sort(letters);
            found |= !fresh.is_empty();
            empty = if found { 0 } else { empty + 1 };
            self.batch(fresh, &mut total).await?;
            self.again(known).await?;
        }
        Ok(total)
    }

    /// Letters whose turn it is, and those that had it: a queue may give one
    /// twice, and have two of it.
    fn sort(&self, letters: Vec<TakenLetter>) -> (Vec<TakenLetter>, Vec<TakenLetter>) {
        let mut ids = HashSet::new();
        letters.into_iter().partition(|TakenLetter { letter, .. }| {
            !self.tried.contains_key(&letter.id) && ids.insert(letter.id.clone())
        })
    }

    /// Drops copies of what is settled, and holds what was put back.
    async fn again(&mut self, known: Vec<TakenLetter>) -> Result<(), StoreError> {
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
        // What the others became is settled before a failure ends the run.
        let mut settled = Vec::new();
        let mut failure = None;
        for (taken, result) in taken.into_iter().zip(results) {
            let TakenLetter { letter, receipt } = taken;
            let tried = self.tried.entry(letter.id).or_default();
            match result {
                Ok(Some(Sent { delivered, refused })) => {
                    total.delivered += delivered;
                    match refused.is_empty() {
                        true => total.redriven += 1,
                        false => total.refused_again += 1,
                    }
                    *tried = letter.attempts;
                    for letter in &refused {
                        self.tried.entry(letter.id.clone()).or_default();
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

    /// Runs one letter; `None` where its pipeline is not there.
    async fn one(&self, letter: &DeadLetter) -> Result<Option<Sent>, StoreError> {
        let pipeline = Channel::parse(&letter.channel)
            .and_then(|channel| self.pipelines.find(&letter.source, channel));
        let Some((pipeline, admitted)) = pipeline.zip(Admitted::redriven(letter.clone())) else {
            return Ok(None);
        };
        send(self.outputs, pipeline.run(admitted)).await.map(Some)
    }
}
