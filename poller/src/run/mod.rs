//! One run of a stream, from its lease to its report.
//!
//! A source may have many streams: partitions, and backfills beside the live ones. What is read is
//! led by `stream`; this file puts the parts of a run in order.

pub(crate) mod backfill;
pub(crate) mod history;
pub(crate) mod partition_list;
pub(crate) mod partitions;

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use mef_auth::unique_id;
use mef_pipeline::deliver;
use mef_ports::{LeaseError, Move, RunSummary, chain};
use mef_source::checked::Cursor;

use crate::ask::fetch_error::FetchError;
use crate::budget::Budget;
use crate::lease::{LeaseKeeper, TTL};
use crate::news::seen::stored::Change;
use crate::poller::Poller;
use crate::request::scope::{Partition, RequestScope, RunVariables};
use crate::stream::{by_id, by_time, followed, listing};
use crate::work::context::Run;
use crate::work::job::{end_job, tell};
use crate::work::report::{RunEnd, RunError, RunReport, lag};

impl Poller {
    /// Reads what is new, within `budget`.
    ///
    /// Whatever happens is in the report. A failed run leaves the cursor where its last delivered
    /// page was committed.
    pub async fn run(&self, budget: &Budget) -> RunReport {
        let report = match &self.poll.partitions {
            None => self.run_stream(None, budget).await,
            Some(partitions) => self.run_partitions(partitions, budget).await,
        };
        if report.summary.requests > 0 && !matches!(report.end, RunEnd::Limited { .. }) {
            self.log_out(budget).await;
        }
        report
    }

    /// Ends the session that the run used, if the source file says how. The next run logs in again.
    async fn log_out(&self, budget: &Budget) {
        let Some(logout) = self.poll.auth.logout() else { return };
        let (Ok(secrets), Ok(id)) = (self.secrets().await, unique_id()) else { return };
        let source = self.source.name.as_str();
        if !self.credentials.has_token(source, &self.poll.auth, &secrets).await {
            return;
        }
        let fetcher = self.fetcher(secrets, None, budget);
        let run = RunVariables { id: &id, started: self.ports.clock.now() };
        tell(&fetcher, logout, &RequestScope::new(&fetcher.secrets, run), None).await;
        let refused = self.credentials.refused(source, &self.poll.auth, &fetcher.secrets).await;
        if let Err(error) = refused {
            tracing::warn!(source.id = source, error = %error, "an ended session is still kept: the next run finds it refused");
        }
    }

    /// Reads what is new in one stream.
    pub(crate) async fn run_stream(
        &self,
        partition: Option<&Partition>,
        budget: &Budget,
    ) -> RunReport {
        let stream = self.stream_of(partition.map(|partition| partition.name.as_str()));
        let started = self.ports.clock.now();
        let summary = RunSummary { started: Some(started), ..RunSummary::default() };
        let nothing = |end| RunReport {
            stream: stream.clone(),
            end,
            summary: summary.clone(),
            done: None,
            lag: None,
        };
        let lease = match self.ports.cursors.lease(&stream, started, TTL).await {
            Ok(lease) => lease,
            Err(LeaseError::Held { until }) => return nothing(RunEnd::Busy { until }),
            Err(LeaseError::Store(error)) => return nothing(RunEnd::Failed(error.into())),
        };
        let keeper = LeaseKeeper::new(&*self.ports.cursors, &*self.ports.clock, lease);
        let run = Run::begin(self, &stream, partition, &keeper, budget, summary.clone());
        let report = match run.await {
            Ok(run) if run.paused => {
                nothing(RunEnd::Paused).at(run.record.done().cloned(), started)
            }
            Ok(run) => match finish(run).await {
                (report, Stored::AndReleased) => return report,
                (report, Stored::Not) => report,
            },
            Err(error) => {
                // How far behind the stream is matters most when nothing works.
                let stored = self.ports.cursors.read(&stream).await.ok().flatten();
                let record = stored.map(|stored| stored.record).unwrap_or_default();
                let mut report = nothing(RunEnd::Failed(error));
                // A run that did not begin is not stored.
                report.summary.failing_since =
                    record.last_run.as_ref().and_then(|run| run.failing_since.or(run.ended));
                report.at(record.done().cloned(), started)
            }
        };
        if let Err(error) = self.ports.cursors.release(&keeper.current().await).await {
            tracing::warn!(source.id = %stream, error = %error, "the lease stays until it runs out");
        }
        report
    }
}

/// Whether the end of a run is stored.
enum Stored {
    /// It is, and the lease has ended with it.
    AndReleased,
    /// It may not be.
    Not,
}

/// Reads the stream, and stores how that ended.
async fn finish(mut run: Run<'_>) -> (RunReport, Stored) {
    let done_before = run.record.done().cloned();
    let end = match read(&mut run).await {
        Ok(end) => end,
        Err(RunError::Fetch(FetchError::Limited { until })) => RunEnd::Limited { until },
        Err(RunError::Fetch(FetchError::NotReady { until })) => RunEnd::NotReady { until },
        Err(RunError::Fetch(FetchError::OutOfTime)) => RunEnd::OutOfTime,
        Err(error) => RunEnd::Failed(error),
    };
    match &end {
        RunEnd::CaughtUp => run.drop_setup(),
        RunEnd::Failed(RunError::Fetch(error)) if !error.keeps_setup() && !run.keeps_doubtful => {
            end_job(&run, None).await;
            run.drop_setup();
        }
        _ => {}
    }
    run.record.wait = run.fetcher.open_wait().take();
    run.record.vendor_date = run.fetcher.vendor_clock.date();
    let end = match leave_wakeup(&mut run, &end).await {
        Ok(()) => end,
        Err(error) => RunEnd::Failed(error),
    };
    run.summary.limit_wait_ms += millis(run.poller.pace.take_waited());
    run.summary.requests = run.fetcher.requests.load(Ordering::Relaxed);
    run.summary.ended = Some(run.now());
    // In what is left open, records may move to pages that are still to come.
    let is_open = run.record.open().is_some() || run.record.pass().is_some();
    let ids = run.seen.all_delivered(is_open);
    run.summary.dedupe_overflow = run.seen.forgotten(&ids, is_read_from_start(&run));
    run.summary.error = match &end {
        RunEnd::Failed(error) => Some(run.poller.ports.redactor.mask(&chain(error)).into_owned()),
        _ => None,
    };
    if run.summary.error.is_some() {
        let before = run.record.last_run.as_ref().and_then(|run| run.failing_since);
        run.summary.failing_since = before.or(Some(run.started));
    }
    run.record.last_run = Some(run.summary.clone());
    history::note(&mut run.record, done_before.as_ref());
    let change = if is_open || run.seen.has_others() {
        let change = run.seen.replace_all(ids);
        run.record.note_passed(run.seen.any_passed());
        change
    } else {
        Change::Keep
    };
    let (end, stored) = match run.store_last(&change).await {
        Ok(()) => (end, Stored::AndReleased),
        // What failed first is what a person has to know.
        Err(_) if matches!(end, RunEnd::Failed(_)) => (end, Stored::Not),
        Err(error) => (RunEnd::Failed(error.into()), Stored::Not),
    };
    let done = run.record.done().cloned();
    let lag = lag(done.as_ref(), run.now());
    let report = RunReport { stream: run.stream.clone(), end, summary: run.summary, done, lag };
    (report, stored)
}

/// Returns whether what is left open is read from its start if the vendor does not go on in it.
fn is_read_from_start(run: &Run<'_>) -> bool {
    run.record.open().is_some_and(|open| !open.ascending)
        || run.record.pass().is_some_and(|pass| !pass.ascending)
}

/// Reads the stream; a backfill to the end of its stretch, which is kept.
async fn read(run: &mut Run<'_>) -> Result<RunEnd, RunError> {
    let Some(stretch) = run.poller.stretch else { return read_stream(run).await };
    if stretch.is_read(run.record.done()) {
        return Ok(RunEnd::CaughtUp);
    }
    let end = read_stream(run).await?;
    if matches!(end, RunEnd::CaughtUp) {
        // Everything is delivered. An empty delivery gives the receipt that is needed to say so.
        let nothing = run.poller.pipeline.page(run.now(), []);
        let receipt = deliver(&run.poller.ports.outputs, nothing).await?;
        let done = Some(stretch.end_position());
        let moved = Move { done, open: None, pass: None, ..run.record.unmoved() };
        run.record.advance(moved, receipt);
    }
    Ok(end)
}

async fn read_stream(run: &mut Run<'_>) -> Result<RunEnd, RunError> {
    let poller = run.poller;
    if let Some(missing) = run.partition.and_then(|partition| partition.missing.clone()) {
        return Err(RunError::PartitionValue(missing));
    }
    if let Some(until) = poller.limited_until().await?
        && let Err(until) = run.fetcher.wait_until(until).await
    {
        return Ok(RunEnd::Limited { until });
    }
    if matches!(poller.poll.cursor, Cursor::Time(_) | Cursor::Id(_)) {
        run.is_in_time(run.record.done(), run.started)?;
    }
    match &poller.poll.cursor {
        Cursor::Time(cursor) => by_time::read_windows(run, cursor).await,
        Cursor::Token(cursor) => followed::read_by_token(run, cursor).await,
        Cursor::NextLink(cursor) => followed::read_by_link(run, cursor).await,
        Cursor::Id(cursor) => by_id::read_by_id(run, cursor).await,
        Cursor::Listing(cursor) => listing::read_listing(run, cursor).await,
    }
}

/// Leaves a wake-up if there is work before the next tick, and holds the credential back while a
/// limit lasts.
async fn leave_wakeup(run: &mut Run<'_>, end: &RunEnd) -> Result<(), RunError> {
    let ports = &run.poller.ports;
    let now = run.now();
    if let Some(until) = limit_to_share(run.poller, end, now) {
        ports.limits.hold(&run.poller.credential_key(), until).await?;
    }
    run.record.next_run = match end {
        RunEnd::Limited { until } => {
            // Counted once for each limit, not again by each run that finds it.
            if run.fetcher.requests.load(Ordering::Relaxed) > 0 {
                let wait = Duration::try_from(until.duration_since(now)).unwrap_or_default();
                run.summary.limit_wait_ms += millis(wait);
            }
            Some(*until)
        }
        RunEnd::NotReady { until } => Some(*until),
        RunEnd::OutOfTime => Some(run.now()),
        _ => None,
    };
    if let Some(when) = run.record.next_run {
        // The schedule is the source's, whichever partition has work left.
        ports.wakeups.wake(&run.poller.stream(), when).await?;
    }
    Ok(())
}

/// Returns until when others that use the credential have to wait too.
fn limit_to_share(poller: &Poller, end: &RunEnd, now: Timestamp) -> Option<Timestamp> {
    let paced = poller.pace.next(now);
    match end {
        RunEnd::Limited { until } if paced != Some(*until) => Some(*until),
        // A backfill's own pace holds nobody else back.
        _ if poller.is_backfill() => None,
        _ => paced,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
