//! What a run knows while it reads a stream.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mef_auth::unique_id;
use mef_ports::moment::{after, before};
use mef_ports::{
    Commit, CommitError, CursorRecord, LostSpan, Position, ResumeAt, RunSummary, SeenChange,
    StreamKey,
};
use mef_source::checked::{Next, Repeats};

use crate::ask::asking::FetchedPage;
use crate::ask::fetch::Fetcher;
use crate::ask::fetch_error::FetchError;
use crate::budget::Budget;
use crate::lease::LeaseKeeper;
use crate::news::gathered::Gathered;
use crate::news::keep::kept;
use crate::news::seen::Seen;
use crate::news::seen::stored::Change;
use crate::poller::Poller;
use crate::request::build::{PageRequest, build};
use crate::request::scope::{Partition, RequestScope, RunVariables};
use crate::work::report::RunError;
use crate::work::same_request;

/// How far the clocks of two machines may differ.
const CLOCKS_DIFFER: Duration = Duration::from_secs(300);

/// One run of one stream, under its lease.
pub(crate) struct Run<'p> {
    pub(crate) poller: &'p Poller,
    pub(crate) fetcher: Fetcher<'p>,
    pub(crate) record: CursorRecord,
    pub(crate) seen: Seen,
    pub(crate) summary: RunSummary,
    pub(crate) started: Timestamp,
    pub(crate) stream: &'p StreamKey,
    pub(crate) lease: &'p LeaseKeeper<'p>,
    /// Whether a page without news moved the cursor and is not committed: the next commit stores it too.
    pub(crate) is_ahead: bool,
    /// Whether a person paused the stream.
    pub(crate) paused: bool,
    /// Whether the details of any item were found.
    pub(crate) found_details: bool,
    /// Whether what was set up is kept in spite of what is wrong with its details.
    pub(crate) keeps_doubtful: bool,
    pub(crate) partition: Option<&'p Partition>,
    /// `{run.id}` in requests.
    id: String,
    budget: &'p Budget,
    /// How long the slowest page so far took.
    slowest: SignedDuration,
}

impl<'p> Run<'p> {
    /// Reads what is stored of the stream.
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
        let paused = record.paused.is_some() || poller.is_paused_with(partition).await?;
        if !paused {
            same_request::settle(&mut record, &poller.poll, stream);
        }
        let moves = poller.poll.pages.next.as_ref().is_some_and(Next::moves);
        if moves && record.asked() && !poller.poll.cursor.is_by_vendor() && !paused {
            // A page was given and may not be delivered, and nothing brings it again.
            record.setup = None;
            record.read_again();
        }
        let wait = record.wait.take();
        let first = poller.stretch.and_then(|stretch| stretch.first_position(&poller.poll.cursor));
        if let Some(first) = first {
            record.begin_at(first);
        }
        let stored = ports.cursors.seen(stream).await?;
        let seen = Seen::load(&stored, record.passed())
            .keeping_repeats(poller.poll.repeats == Repeats::Keep);
        let secrets = poller.secrets().await?;
        let fetcher = poller.fetcher(secrets, Some(lease), budget);
        *fetcher.open_wait() = wait;
        fetcher.vendor_clock.begin(record.vendor_date);
        Ok(Run {
            poller,
            fetcher,
            record,
            seen,
            started: summary.started.unwrap_or_else(|| ports.clock.now()),
            summary,
            stream,
            lease,
            is_ahead: false,
            paused,
            found_details: false,
            keeps_doubtful: false,
            partition,
            id: unique_id()?,
            budget,
            slowest: SignedDuration::ZERO,
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.poller.ports.clock.now()
    }

    /// Returns the moment at which the run started, by the vendor's clock where ours is ahead of it.
    pub(crate) fn started_for_vendor(&self) -> Timestamp {
        before(self.started, self.fetcher.vendor_clock.ahead())
    }

    /// Returns the error that the cursor stands after `now`, if it is further ahead than clocks
    /// differ.
    pub(crate) fn is_in_time(
        &self,
        done: Option<&Position>,
        now: Timestamp,
    ) -> Result<(), RunError> {
        match done.and_then(Position::time).filter(|done| *done > after(now, CLOCKS_DIFFER)) {
            Some(done) => Err(RunError::FutureCursor {
                stream: self.stream.clone(),
                done,
                now,
                ours: self.started,
            }),
            None => Ok(()),
        }
    }

    /// Returns whether there is time for another page.
    pub(crate) fn has_time(&self) -> bool {
        self.budget.allows(self.now(), self.slowest)
    }

    /// Notes how long a page took, or a part of one.
    pub(crate) fn note_slowest(&mut self, took: SignedDuration) {
        self.slowest = self.slowest.max(took);
    }

    /// Returns where a run without a place to go on from begins that looks back by `start`: no later
    /// than the last that read all there was, however long ago that is.
    pub(crate) fn first_moment(&self, start: Duration) -> Timestamp {
        match self.poller.stretch {
            Some(stretch) => stretch.from,
            None => {
                let first = before(self.started, start);
                self.record.anchor().map_or(first, |anchor| anchor.min(first))
            }
        }
    }

    /// Returns where the next run begins if this one finds no place to go on from, and what it reads
    /// `is_read` to the end.
    pub(crate) fn anchor(&self, start: Duration, is_read: bool) -> Option<Timestamp> {
        let first = || if is_read { before(self.started, start) } else { self.first_moment(start) };
        (!self.poller.is_backfill()).then(first)
    }

    /// Returns what every request of this run can use.
    pub(crate) fn scope(&self) -> RequestScope<'_> {
        let run = RunVariables { id: &self.id, started: self.started };
        RequestScope {
            partition: self.partition,
            setup: self.record.setup.as_ref(),
            ..RequestScope::new(&self.fetcher.secrets, run)
        }
    }

    /// Builds the request for the page of the stream that `at` leads to.
    pub(crate) fn request(
        &self,
        scope: &RequestScope<'_>,
        at: Option<&ResumeAt>,
    ) -> Result<PageRequest, RunError> {
        let poll = &self.poller.poll;
        Ok(build(poll, &poll.pages, scope, at).map_err(FetchError::Request)?)
    }

    /// Fetches a page and notes how long that took.
    pub(crate) async fn fetch(&mut self, request: PageRequest) -> Result<FetchedPage, FetchError> {
        if request.moves || self.poller.poll.cursor.is_by_vendor() {
            // The vendor counts the page as given, even if this run ends before it is delivered.
            self.record.ask();
            self.store().await?;
        }
        let before = self.now();
        let fetched = self.fetcher.fetch(request).await;
        self.note_slowest(self.now().duration_since(before));
        fetched
    }

    /// Makes room for the news of a page that was just fetched.
    pub(crate) fn gathered(&self) -> Result<Gathered<'p>, FetchError> {
        let poller = self.poller;
        let kept = kept(&poller.poll.keep, &self.scope())?;
        Ok(Gathered::new(&poller.pipeline, &poller.poll.details, kept, self.now()))
    }

    /// Stores the cursor under the lease; the stored ids stay as they are.
    pub(crate) async fn store(&self) -> Result<(), CommitError> {
        self.commit(SeenChange::Keep).await
    }

    /// Stores the cursor under the lease, and what becomes of the stored ids.
    pub(crate) async fn store_with(&mut self, change: &Change) -> Result<(), CommitError> {
        self.record.note_passed(self.seen.any_passed());
        self.commit(change.seen()).await?;
        self.seen.note_stored();
        Ok(())
    }

    /// Stores the cursor and what becomes of the stored ids, and ends the lease.
    pub(crate) async fn store_last(&self, change: &Change) -> Result<(), CommitError> {
        let lease = self.lease.current().await;
        let commit = Commit { record: &self.record, seen: change.seen() };
        self.poller.ports.cursors.commit_last(&lease, commit).await
    }

    async fn commit(&self, seen: SeenChange<'_>) -> Result<(), CommitError> {
        let lease = self.lease.current().await;
        let commit = Commit { record: &self.record, seen };
        self.poller.ports.cursors.commit(&lease, commit).await
    }

    /// Notes whether what was set up can be trusted after its details were asked for. A refusal, or a
    /// response that is no page, may be that of one request.
    pub(crate) fn doubt_setup(&mut self, error: Option<&RunError>) {
        let Some(setup) = &mut self.record.setup else { return };
        let may_pass = |error: &RunError| {
            use FetchError::{Forbidden, Page, Unauthorized};
            matches!(error, RunError::Fetch(Forbidden(_) | Unauthorized(_) | Page { .. }))
        };
        self.keeps_doubtful = error.is_some_and(may_pass) && !setup.doubtful;
        setup.doubtful = self.keeps_doubtful;
    }

    /// Forgets what was set up and the page that it led to: a job that is done, has failed or is
    /// unknown to the vendor is not asked for again.
    pub(crate) fn drop_setup(&mut self) {
        if self.record.setup.take().is_some() {
            self.record.read_again();
        }
    }

    /// Returns up to which moment the last run read, if it read to the newest moment: `end_lag` before
    /// it started.
    pub(crate) fn last_read(&self, end_lag: Duration) -> Option<Timestamp> {
        Some(before(last_good(&self.record)?.started?, end_lag))
    }

    /// Reports the records between the old position and `start` as lost, if there is a gap.
    pub(crate) fn begins_at(&mut self, start: Timestamp) {
        let read_to = read_to(&self.record).filter(|read_to| *read_to < start);
        if let Some(read_to) = read_to.filter(|_| self.poller.asks_from_start()) {
            self.note_lost(LostSpan { from: read_to, to: start });
        }
    }

    /// Tells of records that the vendor counted and did not give.
    pub(crate) fn note_missing(&mut self, missing: u64) {
        if missing > 0 {
            self.summary.missing += missing;
            tracing::warn!(
                source.id = %self.stream,
                run.missing = missing,
                "the vendor gave fewer records than it counts: they may have moved to pages that were read, or the credential may not see them"
            );
        }
    }

    /// Tells of a stretch that is not read.
    pub(crate) fn note_lost(&mut self, lost: LostSpan) {
        self.summary.lost = Some(lost);
        tracing::warn!(
            source.id = %self.stream,
            cursor.lost_from = %lost.from,
            cursor.lost_to = %lost.to,
            "records are lost: reading continues after a gap"
        );
    }

    /// Returns the error that the stored cursor is not of the source file's kind.
    pub(crate) fn wrong_kind(&self, stored: &Position) -> RunError {
        RunError::CursorKind { stored: stored.clone(), wanted: self.poller.poll.cursor.kind() }
    }
}

/// Returns up to which moment the stream was read. Where no record has a time, a run that was not put
/// off has read what there was when it started. If no such run is known, the oldest known says when
/// the stream still had something to read.
fn read_to(record: &CursorRecord) -> Option<Timestamp> {
    let good = || record.history.iter().rev().find(|run| run.error.is_none() && !run.put_off);
    let by_record = record.reached().or_else(|| record.done()?.time());
    let earlier = || Some(good().or(record.history.first())?.ended);
    let by_run = || last_good(record).and_then(|run| run.started).or_else(earlier);
    record.done()?;
    by_record.or_else(by_run)
}

/// Returns the last run if it read all that there was.
fn last_good(record: &CursorRecord) -> Option<&RunSummary> {
    let last = record.last_run.as_ref().filter(|run| run.error.is_none() && run.pages > 0);
    last.filter(|_| record.next_run.is_none())
}
