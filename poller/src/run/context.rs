//! One run under one lease: what streams by time and by token have in common.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use mef_ports::{
    Commit, CommitError, CursorRecord, LostSpan, Position, ResumeAt, RunSummary, SeenId,
    StoreError, StreamKey, chain,
};
use mef_source::checked::{Cursor, Repeats};

use crate::ask::asking::FetchedPage;
use crate::ask::fetch::Fetcher;
use crate::ask::fetch_error::FetchError;
use crate::ask::request::PageRequest;
use crate::ask::request::build;
use crate::ask::scope::Partition;
use crate::ask::scope::RequestScope;
use crate::ask::scope::RunVariables;
use crate::moment::before;
use crate::news::gathered::Gathered;
use crate::news::keep::kept;
use crate::news::seen::Seen;
use crate::poller::Poller;
use crate::run::budget::Budget;
use crate::run::history;
use crate::run::lease::LeaseKeeper;
use crate::run::report::RunEnd;
use crate::run::report::RunError;
use crate::run::report::RunReport;
use crate::run::report::lag;
use crate::stream::followed::Followed;

/// A run and all it knows.
pub(crate) struct Run<'p> {
    pub(crate) poller: &'p Poller,
    pub(crate) fetcher: Fetcher<'p>,
    pub(crate) record: CursorRecord,
    pub(crate) seen: Seen,
    pub(crate) summary: RunSummary,
    pub(crate) started: Timestamp,
    /// What this run is called in requests: `{run.id}`.
    id: String,
    pub(crate) stream: &'p StreamKey,
    /// Somebody let no run read the stream.
    pub(crate) paused: bool,
    partition: Option<&'p Partition>,
    pub(crate) lease: &'p LeaseKeeper<'p>,
    budget: &'p Budget,
    slowest: SignedDuration,
    /// Whether the details of an item could be had.
    pub(crate) found_details: bool,
    /// How often those of one could not, since it is gone.
    pub(crate) refused_details: u64,
}

impl<'p> Run<'p> {
    /// Reads what is stored, under the lease.
    pub(crate) async fn begin(
        poller: &'p Poller,
        stream: &'p StreamKey,
        partition: Option<&'p Partition>,
        lease: &'p LeaseKeeper<'p>,
        budget: &'p Budget,
        summary: RunSummary,
    ) -> Result<Run<'p>, RunError> {
        let ports = &poller.ports;
        let stored = ports.cursors.read(stream).await?;
        let mut record = stored.map(|stored| stored.record).unwrap_or_default();
        let wait =
            record.wait.take().filter(|wait| wait.request_digest == poller.poll.request_digest);
        let paused = record.paused.is_some() || poller.is_paused_with(partition).await?;
        if let (None, Some(stretch)) = (&record.done, poller.stretch) {
            record.done = stretch.first_position(&poller.poll.cursor);
        }
        let seen = Seen::load(ports.cursors.seen(stream).await?)
            .keeping_repeats(poller.poll.repeats == Repeats::Keep);
        let secrets = poller.secrets().await?;
        let fetcher = poller.fetcher(secrets, Some(lease), budget);
        *fetcher.open_wait() = wait;
        Ok(Run {
            poller,
            fetcher,
            record,
            seen,
            started: summary.started.unwrap_or_else(|| ports.clock.now()),
            summary,
            id: run_id()?,
            stream,
            paused,
            partition,
            lease,
            budget,
            slowest: SignedDuration::ZERO,
            found_details: false,
            refused_details: 0,
        })
    }

    /// Reads the stream, and writes down how that ended.
    pub(crate) async fn finish(mut self) -> RunReport {
        let done_before = self.record.done.clone();
        let end = match self.read().await {
            Ok(end) => end,
            Err(RunError::Fetch(FetchError::Limited { until })) => RunEnd::Limited { until },
            Err(RunError::Fetch(FetchError::NotReady { until })) => RunEnd::NotReady { until },
            Err(RunError::Fetch(FetchError::OutOfTime)) => RunEnd::OutOfTime,
            Err(error) => RunEnd::Failed(error),
        };
        // A job that is done, or that the vendor no longer knows, is not asked
        // for again.
        match &end {
            RunEnd::CaughtUp => self.drop_setup(),
            RunEnd::Failed(RunError::Fetch(error)) if !error.keeps_setup() => self.drop_setup(),
            _ => {}
        }
        self.record.wait = self.fetcher.open_wait().take();
        let end = match self.leave_wakeup(&end).await {
            Ok(()) => end,
            Err(error) => RunEnd::Failed(error),
        };
        self.summary.limit_wait_ms += millis(self.poller.pace.take_waited());
        self.summary.requests = self.fetcher.requests.load(Ordering::Relaxed);
        self.summary.ended = Some(self.now());
        self.summary.error = match &end {
            RunEnd::Failed(error) => {
                Some(self.poller.ports.redactor.mask(&chain(error)).into_owned())
            }
            _ => None,
        };
        self.record.last_run = Some(self.summary.clone());
        history::note(&mut self.record, &done_before);
        let seen = self.record.open.as_ref().map(|_| self.seen.to_store_at_the_end());
        let end = match self.store(&self.record, seen.as_deref()).await {
            Ok(()) => end,
            // What failed first is what a person has to know.
            Err(_) if matches!(end, RunEnd::Failed(_)) => end,
            Err(error) => RunEnd::Failed(error.into()),
        };
        RunReport {
            stream: self.stream.clone(),
            end,
            lag: lag(self.record.done.as_ref(), self.now()),
            done: self.record.done,
            summary: self.summary,
        }
    }

    async fn read(&mut self) -> Result<RunEnd, RunError> {
        let Some(stretch) = self.poller.stretch else { return self.read_stream().await };
        if stretch.is_read(self.record.done.as_ref()) {
            return Ok(RunEnd::CaughtUp);
        }
        let end = self.read_stream().await?;
        if matches!(end, RunEnd::CaughtUp) {
            self.record.done = Some(stretch.end_position());
        }
        Ok(end)
    }

    async fn read_stream(&mut self) -> Result<RunEnd, RunError> {
        let limits = &self.poller.ports.limits;
        let now = self.now();
        if let Some(missing) = self.partition.and_then(|partition| partition.missing.clone()) {
            return Err(RunError::PartitionValue(missing));
        }
        if let Some(until) = limits.not_before(&self.poller.credential_key(), now).await?
            && let Err(until) = self.fetcher.wait_until(until).await
        {
            return Ok(RunEnd::Limited { until });
        }
        match &self.poller.poll.cursor {
            Cursor::Time(cursor) => self.read_by_time(cursor).await,
            Cursor::Token(cursor) => self.read_followed(Followed::Token(cursor)).await,
            Cursor::NextLink(cursor) => self.read_followed(Followed::Link(cursor)).await,
            Cursor::Id(cursor) => self.read_by_id(cursor).await,
            Cursor::Listing(cursor) => self.read_listing(cursor).await,
        }
    }

    /// Leaves a wake-up for work that can be done before the next tick, and
    /// holds the credential back while a limit lasts.
    async fn leave_wakeup(&mut self, end: &RunEnd) -> Result<(), RunError> {
        let ports = &self.poller.ports;
        let now = self.now();
        if let Some(until) = self.limit_to_share(end, now) {
            ports.limits.hold(&self.poller.credential_key(), until).await?;
        }
        self.record.next_run = match end {
            RunEnd::Limited { until } => {
                // Once for each limit, not again by each run that finds it.
                if self.fetcher.requests.load(Ordering::Relaxed) > 0 {
                    let wait = Duration::try_from(until.duration_since(now)).unwrap_or_default();
                    self.summary.limit_wait_ms += millis(wait);
                }
                Some(*until)
            }
            RunEnd::NotReady { until } => Some(*until),
            RunEnd::OutOfTime => Some(self.now()),
            _ => None,
        };
        if let Some(when) = self.record.next_run {
            // The schedule is the source's, whichever partition has work left.
            ports.wakeups.wake(&self.poller.stream(), when).await?;
        }
        Ok(())
    }

    /// Where a first run begins that looks back by `start`.
    pub(crate) fn first_moment(&self, start: Duration) -> Timestamp {
        self.poller.stretch.map_or_else(|| before(self.started, start), |stretch| stretch.from)
    }

    /// Tells of what the vendor no longer keeps.
    pub(crate) fn note_lost(&mut self, lost: LostSpan) {
        self.summary.lost = Some(lost);
        tracing::warn!(
            source.id = %self.stream,
            cursor.lost_from = %lost.from,
            cursor.lost_to = %lost.to,
            "the cursor was older than the vendor keeps records: what lies between is lost"
        );
    }

    /// What stands in the cursor is not what the source file says.
    pub(crate) fn wrong_kind(&self, stored: &Position) -> RunError {
        RunError::CursorKind { stored: stored.clone(), wanted: self.poller.poll.cursor.kind() }
    }

    /// What every request of this run can use.
    pub(crate) fn scope(&self) -> RequestScope<'_> {
        let run = RunVariables { id: &self.id, started: self.started };
        RequestScope {
            partition: self.partition,
            setup: self.record.setup.as_ref(),
            ..RequestScope::new(&self.fetcher.secrets, run)
        }
    }

    /// The request for the page of the stream that `at` leads to.
    pub(crate) fn request(
        &self,
        scope: &RequestScope<'_>,
        at: Option<&ResumeAt>,
    ) -> Result<PageRequest, FetchError> {
        let poll = &self.poller.poll;
        Ok(build(poll, &poll.pages, scope, at)?)
    }

    /// Until when whoever uses the credential next has to wait too.
    fn limit_to_share(&self, end: &RunEnd, now: Timestamp) -> Option<Timestamp> {
        let paced = self.poller.pace.next(now);
        match end {
            RunEnd::Limited { until } if paced != Some(*until) => Some(*until),
            // How slowly a backfill goes is its own affair.
            _ if self.poller.is_backfill() => None,
            _ => paced,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.poller.ports.clock.now()
    }

    /// Fetches a page and notes how long that took.
    pub(crate) async fn fetch(&mut self, request: PageRequest) -> Result<FetchedPage, FetchError> {
        if self.poller.poll.cursor.is_by_vendor() {
            // Whatever happens from here on, what it gives may have to be given again.
            self.record.asked = true;
            self.store(&self.record, None).await?;
        }
        let before = self.now();
        let fetched = self.fetcher.fetch(request).await;
        self.note_slowest(self.now().duration_since(before));
        fetched
    }

    /// Notes how long a page took, or a part of one.
    pub(crate) fn note_slowest(&mut self, took: SignedDuration) {
        self.slowest = self.slowest.max(took);
    }

    /// Whether there is time for another page.
    pub(crate) fn has_time(&self) -> bool {
        self.budget.allows(self.now(), self.slowest)
    }

    /// For the news of a page that was just fetched.
    pub(crate) fn gathered(&self) -> Result<Gathered<'p>, FetchError> {
        let poller = self.poller;
        let kept = kept(&poller.poll.keep, &self.scope())?;
        Ok(Gathered::new(&poller.pipeline, &poller.poll.details, kept, self.now()))
    }

    /// Writes `record` under the lease, and the ids, unless they stay as they
    /// are.
    pub(crate) async fn store(
        &self,
        record: &CursorRecord,
        seen: Option<&[SeenId]>,
    ) -> Result<(), CommitError> {
        let lease = self.lease.current().await;
        self.poller.ports.cursors.commit(&lease, Commit { record, seen }).await
    }
}

/// A random UUID (RFC 9562 §5.4), for vendors that want a request to have an id.
pub(crate) fn run_id() -> Result<String, RunError> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| StoreError::new("make a run's id", "there are no random numbers"))?;
    let id = u128::from_be_bytes(bytes) & !(0xf << 76) | 4 << 76;
    let id = id & !(0b11 << 62) | 0b10 << 62;
    let hex = format!("{id:032x}");
    let mut text = String::with_capacity(36);
    for (index, digit) in hex.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    Ok(text)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Whether an answer may mean that the place to go on at is stale.
pub(crate) fn means_stale(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 404 | 409 | 410 | 416 | 422)
}
