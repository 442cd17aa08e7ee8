//! The partitions of one source, a few at a time under one budget.
//!
//! The one that was served longest ago comes first, so that a run that cannot finish them all
//! leaves none behind for ever. Each waits for the vendor most of the time, so several are read side by side: as many
//! as fit into memory. They share the vendor's rate and its limits.

use std::collections::HashMap;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};
use mef_auth::Redactor;
use mef_ports::{Position, RunSummary, StoreError, StoredCursor, StreamKey, chain};
use mef_source::checked::{Partitions, name_problem};

use crate::ask::asking::LONGEST_WAIT;
use crate::budget::Budget;
use crate::poller::Poller;
use crate::request::scope::Partition;
use crate::work::report::{RunEnd, RunError, RunReport};

impl Poller {
    /// Reads each partition, and sums up the reports.
    pub(crate) async fn run_partitions(
        &self,
        partitions: &Partitions,
        budget: &Budget,
    ) -> RunReport {
        let started = self.ports.clock.now();
        let mut sum = Sum::new(self.stream(), started);
        let listed = match partitions {
            Partitions::List(names) => {
                let named =
                    |name: &String| Partition { name: name.clone(), ..Partition::default() };
                Ok(names.iter().map(named).collect())
            }
            Partitions::Request(listed) => {
                match self.listed_partitions(listed, budget, &mut sum).await {
                    Ok(none) if none.is_empty() => self.none_is_listed().await.map(|()| none),
                    listed => listed,
                }
            }
        };
        let listed = match listed {
            Ok(listed) => self.longest_waiting_first(listed).await.map_err(RunEnd::from),
            Err(end) => Err(end),
        };
        let listed = match listed {
            Ok(listed) => listed,
            Err(end) => {
                sum.worsen(end);
                return sum.finish(self.ports.clock.now(), &self.ports.redactor);
            }
        };
        self.pace.let_go();
        let (mut left, mut running) = (listed.into_iter(), FuturesUnordered::new());
        let (mut slowest, mut is_over) = (SignedDuration::ZERO, false);
        loop {
            while !is_over && running.len() < self.partitions_at_once() {
                let Some(partition) = left.next() else { break };
                if !budget.allows(self.ports.clock.now(), slowest) {
                    sum.worsen(self.leave_rest().await);
                    is_over = true;
                    break;
                }
                running.push(self.run_partition(partition, budget));
            }
            let Some((report, took)) = running.next().await else { break };
            // A page of the next partition takes about as long as one of this.
            let pages = i32::try_from(report.summary.pages.max(1)).unwrap_or(i32::MAX);
            slowest = slowest.max(took / pages);
            // What limits or stops one of them does so for all.
            is_over |= matches!(report.end, RunEnd::Limited { .. } | RunEnd::OutOfTime);
            sum.add(report);
        }
        self.pace.let_go();
        sum.finish(self.ports.clock.now(), &self.ports.redactor)
    }

    /// Returns how many partitions are read at once: no more than get their turn at the file's own rate before a run
    /// would end instead of waiting.
    fn partitions_at_once(&self) -> usize {
        let by_rate = self.poll.limits.spacing.map_or(usize::MAX, |spacing| {
            let turns =
                LONGEST_WAIT.as_millis() / i128::try_from(spacing.as_millis()).unwrap_or(1).max(1);
            usize::try_from(turns).unwrap_or(usize::MAX)
        });
        self.poll.partitions_at_once().min(by_rate).max(1)
    }

    /// Reads one partition, and returns with its report how long that took.
    async fn run_partition(
        &self,
        partition: Partition,
        budget: &Budget,
    ) -> (RunReport, SignedDuration) {
        let before = self.ports.clock.now();
        let report = self.run_stream(Some(&partition), budget).await;
        (report, self.ports.clock.now().duration_since(before))
    }

    /// Makes sure that a list without partitions is no list of a vendor that hides them, as it does when
    /// the credential has lost a right: none was read before.
    async fn none_is_listed(&self) -> Result<(), RunEnd> {
        let source = self.source.name.as_str();
        let stored = self.ports.cursors.list_of(source).await.map_err(RunEnd::from)?;
        let is_read = |stored: &StoredCursor| {
            let partition = &stored.stream.partition;
            !partition.is_empty()
                && name_problem(partition).is_none()
                && stored.record.done().is_some()
        };
        match stored.into_iter().filter(is_read).count() {
            0 => Ok(()),
            read => Err(RunEnd::Failed(RunError::NoPartitions { read })),
        }
    }

    async fn longest_waiting_first(
        &self,
        listed: Vec<Partition>,
    ) -> Result<Vec<Partition>, StoreError> {
        let mut listed = listed;
        // All at once: there may be thousands of them, of which each would be a request.
        let stored = self.ports.cursors.list_of(self.source.name.as_str()).await?;
        let served: HashMap<_, _> = stored
            .into_iter()
            .filter_map(|stored| Some((stored.stream.clone(), served(stored)?)))
            .collect();
        // The sort is stable: those never served stay in the listed order.
        listed.sort_by_cached_key(|partition| {
            served.get(&self.stream_of(Some(&partition.name))).copied()
        });
        Ok(listed)
    }

    /// Returns whether `partition` is paused because the whole source is, which the source's own
    /// cursor says. So partitions that are new are paused too.
    pub(crate) async fn is_paused_with(
        &self,
        partition: Option<&Partition>,
    ) -> Result<bool, StoreError> {
        // As without partitions, a backfill by hand is not held up.
        if partition.is_none() || self.is_backfill() {
            return Ok(false);
        }
        let stored = self.ports.cursors.read(&self.stream()).await?;
        Ok(stored.is_some_and(|stored| stored.record.paused.is_some()))
    }

    pub(crate) async fn leave_rest(&self) -> RunEnd {
        match self.ports.wakeups.wake(&self.stream(), self.ports.clock.now()).await {
            Ok(()) => RunEnd::OutOfTime,
            Err(error) => RunEnd::Failed(error.into()),
        }
    }
}

/// Returns when a stream was last served. A run that ended before its first page does not
/// count, so that the first partition does not use up the limit in every run.
fn served(stored: StoredCursor) -> Option<Timestamp> {
    let put_off = stored.record.next_run.is_some();
    let run = stored.record.last_run.filter(|run| run.pages > 0 || !put_off)?;
    run.started
}

/// The sum of the reports of all partitions.
pub(crate) struct Sum {
    stream: StreamKey,
    /// `None` until one of them was run.
    end: Option<RunEnd>,
    pub(crate) summary: RunSummary,
    done: Option<Timestamp>,
    lag: Option<SignedDuration>,
}

impl Sum {
    fn new(stream: StreamKey, started: Timestamp) -> Sum {
        let summary = RunSummary { started: Some(started), ..RunSummary::default() };
        Sum { stream, end: None, summary, done: None, lag: None }
    }

    fn add(&mut self, report: RunReport) {
        report.log();
        let (sum, one) = (&mut self.summary, &report.summary);
        for (sum, one) in [
            (&mut sum.requests, one.requests),
            (&mut sum.pages, one.pages),
            (&mut sum.records, one.records),
            (&mut sum.delivered, one.delivered),
            (&mut sum.rejected, one.rejected),
            (&mut sum.duplicates, one.duplicates),
            (&mut sum.late, one.late),
            (&mut sum.limit_wait_ms, one.limit_wait_ms),
            (&mut sum.held_back, one.held_back),
            (&mut sum.untimed, one.untimed),
            (&mut sum.gone, one.gone),
            (&mut sum.dedupe_overflow, one.dedupe_overflow),
            (&mut sum.missing, one.missing),
        ] {
            *sum = sum.saturating_add(one);
        }
        for (field, count) in &one.fallbacks {
            *sum.fallbacks.entry(field.clone()).or_default() += count;
        }
        sum.late_max_s = sum.late_max_s.max(one.late_max_s);
        sum.lost = sum.lost.or(one.lost);
        if sum.error.is_none() {
            sum.error = one.error.as_ref().map(|error| format!("{}: {error}", report.stream));
        }
        if let Some(done) = report.done.as_ref().and_then(Position::time) {
            self.done = Some(self.done.map_or(done, |least| least.min(done)));
        }
        self.lag = self.lag.max(report.lag);
        // The one that has failed longest.
        let since = [self.summary.failing_since, report.summary.failing_since];
        self.summary.failing_since = since.into_iter().flatten().min();
        self.worsen(report.end);
    }

    /// Keeps the end that matters most to a person.
    pub(crate) fn worsen(&mut self, end: RunEnd) {
        let rank = |end: &RunEnd| match end {
            // Not reported if only some partitions are paused.
            RunEnd::Paused => 0,
            RunEnd::CaughtUp => 1,
            RunEnd::Busy { .. } => 2,
            RunEnd::OutOfTime => 3,
            RunEnd::NotReady { .. } => 4,
            RunEnd::Limited { .. } => 5,
            RunEnd::Failed(_) => 6,
        };
        if self.end.as_ref().is_none_or(|worst| rank(&end) > rank(worst)) {
            self.end = Some(end);
        }
    }

    fn finish(mut self, now: Timestamp, redactor: &Redactor) -> RunReport {
        self.summary.ended = Some(now);
        let end = self.end.take().unwrap_or(RunEnd::CaughtUp);
        if let (None, RunEnd::Failed(error)) = (&self.summary.error, &end) {
            self.summary.error = Some(redactor.mask(&chain(error)).into_owned());
        }
        let done = self.done.map(Position::Time);
        RunReport { stream: self.stream, end, summary: self.summary, done, lag: self.lag }
    }
}
