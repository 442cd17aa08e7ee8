//! The streams of one source, one after the other under one budget.
//!
//! Whoever was served longest ago is served first, so that a run which cannot
//! finish them all leaves none behind for ever.

use jiff::{SignedDuration, Timestamp};
use mef_ports::{Position, RunSummary, StoreError, StreamKey};
use mef_source::checked::Partitions;

use crate::budget::Budget;
use crate::poller::Poller;
use crate::report::{RunEnd, RunReport};

impl Poller {
    /// Reads each partition, and sums up what that came to.
    pub(crate) async fn run_partitions(
        &self,
        partitions: &Partitions,
        budget: &Budget,
    ) -> RunReport {
        let started = self.ports.clock.now();
        let mut sum = Sum::new(self.stream(), started);
        let streams = match self.longest_waiting_first(partitions).await {
            Ok(streams) => streams,
            Err(error) => return sum.report(RunEnd::Failed(error.into())),
        };
        let mut slowest = SignedDuration::ZERO;
        for stream in streams {
            if !budget.allows(self.ports.clock.now(), slowest) {
                sum.worsen(self.leave_rest().await);
                break;
            }
            let before = self.ports.clock.now();
            let report = self.run_stream(&stream, budget).await;
            let took = self.ports.clock.now().duration_since(before);
            // A page of the next stream takes about as long as one of this.
            let pages = i32::try_from(report.summary.pages.max(1)).unwrap_or(i32::MAX);
            slowest = slowest.max(took / pages);
            // What limits or stops one of them limits or stops all.
            let stops = matches!(report.end, RunEnd::Limited { .. } | RunEnd::OutOfTime);
            sum.add(report);
            if stops {
                break;
            }
        }
        sum.finish(self.ports.clock.now())
    }

    /// Where partitions from a request will come in, the request stands here.
    async fn longest_waiting_first(
        &self,
        partitions: &Partitions,
    ) -> Result<Vec<StreamKey>, StoreError> {
        let Partitions::List(names) = partitions;
        let mut streams = Vec::new();
        for name in names {
            let stream = StreamKey { partition: name.clone(), ..self.stream() };
            let stored = self.ports.cursors.read(&stream).await?;
            let served = stored.and_then(|stored| stored.record.last_run?.started);
            streams.push((served, stream));
        }
        // The sort is stable: those never served come in the file's order.
        streams.sort_by_key(|(served, _)| *served);
        Ok(streams.into_iter().map(|(_, stream)| stream).collect())
    }

    async fn leave_rest(&self) -> RunEnd {
        match self.ports.wakeups.wake(&self.stream(), self.ports.clock.now()).await {
            Ok(()) => RunEnd::OutOfTime,
            Err(error) => RunEnd::Failed(error.into()),
        }
    }
}

/// What all partitions came to.
struct Sum {
    stream: StreamKey,
    end: RunEnd,
    summary: RunSummary,
    done: Option<Timestamp>,
    lag: Option<SignedDuration>,
}

impl Sum {
    fn new(stream: StreamKey, started: Timestamp) -> Sum {
        let summary = RunSummary { started: Some(started), ..RunSummary::default() };
        Sum { stream, end: RunEnd::CaughtUp, summary, done: None, lag: None }
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
            (&mut sum.held_back, one.held_back),
            (&mut sum.dedupe_overflow, one.dedupe_overflow),
        ] {
            *sum = sum.saturating_add(one);
        }
        sum.lost = sum.lost.or(one.lost);
        if sum.error.is_none() {
            sum.error = one.error.as_ref().map(|error| format!("{}: {error}", report.stream));
        }
        if let Some(Position::Time(done)) = report.done {
            self.done = Some(self.done.map_or(done, |least| least.min(done)));
        }
        self.lag = self.lag.max(report.lag);
        self.worsen(report.end);
    }

    /// The end that a person has to know most about stays.
    fn worsen(&mut self, end: RunEnd) {
        let rank = |end: &RunEnd| match end {
            RunEnd::CaughtUp => 0,
            RunEnd::Busy { .. } => 1,
            RunEnd::OutOfTime => 2,
            RunEnd::Limited { .. } => 3,
            RunEnd::Failed(_) => 4,
        };
        if rank(&end) > rank(&self.end) {
            self.end = end;
        }
    }

    fn report(self, end: RunEnd) -> RunReport {
        let done = self.done.map(Position::Time);
        RunReport { stream: self.stream, end, summary: self.summary, done, lag: self.lag }
    }

    fn finish(mut self, now: Timestamp) -> RunReport {
        self.summary.ended = Some(now);
        let end = std::mem::replace(&mut self.end, RunEnd::CaughtUp);
        self.report(end)
    }
}
