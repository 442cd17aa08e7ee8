//! Dead letters through today's pipeline.
//!
//! A letter is run again from its raw record, never from its signature, once
//! somebody has mended the source file or the code. What passes goes to the
//! queue with the id it would have had at first; what is refused again takes
//! the letter's place, with one more attempt.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use mef_ports::{DeadLetter, Settled, StoreError, TakenLetter};

use crate::admitted::{Admitted, Channel};
use crate::deliver::{Outputs, Sent, send};
use crate::run::Pipeline;

/// How many letters are run side by side.
const BATCH: usize = 10;
/// How long a letter is held: longer than a batch takes, even when the queue
/// refuses its entries again and again.
const HOLD: Duration = Duration::from_secs(300);
/// A distributed queue may give nothing though there is something.
const EMPTY_TAKES: u32 = 3;

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
    let mut run = Run { outputs, pipelines, tried: HashSet::new(), held: Vec::new() };
    let result = run.all(source, keep_going).await;
    for receipt in &run.held {
        // A hold that stays ends by itself.
        if let Err(error) = outputs.dead_letters.give_back(receipt).await {
            tracing::warn!(error = %error, "a dead letter stays held for a while");
        }
    }
    result
}

struct Run<'r> {
    outputs: &'r Outputs,
    pipelines: &'r dyn Pipelines,
    /// The ids of the letters that had their turn.
    tried: HashSet<String>,
    /// Letters that had their turn are held to the end, or every take would
    /// give them again.
    held: Vec<String>,
}

impl Run<'_> {
    async fn all(
        &mut self,
        source: Option<&str>,
        keep_going: &(dyn Fn() -> bool + Sync),
    ) -> Result<Redriven, StoreError> {
        let mut total = Redriven::default();
        let mut empty = 0;
        while empty < EMPTY_TAKES {
            if !keep_going() {
                total.unfinished = true;
                break;
            }
            let now = self.outputs.clock.now();
            let taken = self.outputs.dead_letters.take(source, BATCH, now, HOLD).await?;
            let (fresh, known): (Vec<_>, Vec<_>) =
                taken.into_iter().partition(|taken| !self.tried.contains(&taken.letter.id));
            // Of a long run the first holds end before the last letter's turn.
            empty = if fresh.is_empty() { empty + 1 } else { 0 };
            self.held.extend(known.into_iter().map(|taken| taken.receipt));
            self.batch(fresh, &mut total).await?;
        }
        Ok(total)
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
            self.tried.insert(taken.letter.id);
            match result {
                Ok(Some(Sent { delivered, refused })) => {
                    total.delivered += delivered;
                    match refused.is_empty() {
                        true => total.redriven += 1,
                        false => total.refused_again += 1,
                    }
                    self.tried.extend(refused.iter().map(|letter| letter.id.clone()));
                    settled.push(Settled { receipt: taken.receipt, remains: refused });
                }
                Ok(None) => {
                    total.no_source += 1;
                    self.held.push(taken.receipt);
                }
                Err(error) => {
                    self.held.push(taken.receipt);
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
