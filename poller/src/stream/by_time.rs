//! Reading by time: window after window until the newest moment that may be
//! read.

use std::time::Duration;

use jiff::Timestamp;
use mef_ports::{CursorRecord, OpenWindow, Position};
use mef_source::checked::{Advance, Order, TimeCursor};

use crate::ask::asking::FetchedPage;
use crate::ask::fetch_error::FetchError;
use crate::ask::request::PageRequest;
use crate::ask::scope::RequestScope;
use crate::moment::before;
use crate::news::seen::Needed;
use crate::run::context::Run;
use crate::run::context::means_stale;
use crate::run::delivery::NextPage;
use crate::run::delivery::Step;
use crate::run::report::RunEnd;
use crate::run::report::RunError;
use crate::stream::loop_guard::LoopGuard;
use crate::stream::time_page;
use crate::stream::window;
use crate::stream::window::Bounds;

/// How many ids are kept for a cursor that follows the records, besides those
/// that its overlap needs.
const LATEST: usize = 1_000;

/// How often a window is read again from its start before the run gives up.
const MOST_RESTARTS: u32 = 6;

impl Run<'_> {
    /// Reads until there is nothing new.
    pub(crate) async fn read_by_time(&mut self, cursor: &TimeCursor) -> Result<RunEnd, RunError> {
        let horizon = self.poller.horizon(window::horizon(cursor, self.started));
        let mut resumed = false;
        loop {
            let mut open = match self.record.open.take() {
                Some(open) if !self.is_forgotten(cursor, &open) => {
                    resumed = true;
                    self.resume(cursor, open, horizon)
                }
                forgotten => match self.open_window(cursor, horizon, forgotten)? {
                    Some(open) => open,
                    None => return Ok(RunEnd::CaughtUp),
                },
            };
            if !self.has_time() {
                self.record.open = Some(open);
                return Ok(RunEnd::OutOfTime);
            }
            if let Some(end) = self.read_window(cursor, &mut open).await? {
                return Ok(end);
            }
            // `done` may stand before it, at the newest record that there is.
            if open.end >= horizon {
                return Ok(RunEnd::CaughtUp);
            }
            // What came while an interrupted window was gone on with is for the
            // next run, as what comes after any run is.
            let left = Duration::try_from(horizon.duration_since(open.end)).unwrap_or_default();
            if resumed && left < self.poller.poll.schedule && !self.poller.is_backfill() {
                return Ok(RunEnd::CaughtUp);
            }
            resumed = false;
        }
    }

    /// An open window of an earlier run. A next page kept under another
    /// request is not used blindly: the window is read again. One that follows
    /// the records has no end of its own: it reaches to the present.
    fn resume(&self, cursor: &TimeCursor, mut open: OpenWindow, horizon: Timestamp) -> OpenWindow {
        if open.request_digest != self.poller.poll.request_digest {
            open.next = None;
            open.request_digest.clone_from(&self.poller.poll.request_digest);
        }
        if cursor.advance == Advance::NewestRecord {
            open.end = open.end.max(horizon);
        }
        open
    }

    /// Whether the vendor keeps nothing of the window any more: then it can
    /// only be passed over, which the next window tells.
    fn is_forgotten(&self, cursor: &TimeCursor, open: &OpenWindow) -> bool {
        cursor.retention.is_some_and(|retention| open.end <= before(self.started, retention))
    }

    fn open_window(
        &mut self,
        cursor: &TimeCursor,
        horizon: Timestamp,
        forgotten: Option<OpenWindow>,
    ) -> Result<Option<OpenWindow>, RunError> {
        let done = match &self.record.done {
            // A first window that came to no end is where the next begins.
            None => forgotten.map(|open| open.done_before),
            Some(Position::Time(time)) => Some(*time),
            Some(stored) => return Err(self.wrong_kind(stored)),
        };
        let Some(bounds) = window::open(cursor, done, horizon, self.started)? else {
            return Ok(None);
        };
        if let Some(lost) = bounds.lost {
            self.note_lost(lost);
        }
        self.record.setup = None;
        *self.fetcher.open_wait() = None;
        Ok(Some(OpenWindow {
            start: bounds.start,
            end: bounds.end,
            done_before: bounds.done_before,
            first: self.record.done.is_none(),
            next: None,
            restarts: 0,
            ascending: cursor.order == Order::Ascending,
            request_digest: self.poller.poll.request_digest.clone(),
        }))
    }

    /// Reads one window to its end, and moves `done` there. `Some` ends the
    /// run before that; the window then stays open in the cursor.
    async fn read_window(
        &mut self,
        cursor: &TimeCursor,
        open: &mut OpenWindow,
    ) -> Result<Option<RunEnd>, RunError> {
        let mut guard = LoopGuard::new(&self.poller.poll.pages);
        let mut last_time = None;
        self.record.open = Some(open.clone());
        let set_up = self.set_up(self.window_scope(open)).await;
        self.keep_setup(set_up)?;
        let request = self.window_request(open)?;
        let mut fetched = self.fetch(request).await;
        loop {
            let FetchedPage { page, not_before } = match fetched {
                Ok(fetched) => fetched,
                Err(error) => {
                    self.restart(open, error)?;
                    self.set_up_again(open).await?;
                    guard = LoopGuard::new(&self.poller.poll.pages);
                    last_time = None;
                    let request = self.window_request(open)?;
                    fetched = self.fetch(request).await;
                    continue;
                }
            };
            let poll = &self.poller.poll;
            let mut next = page.next.clone();
            if page.ends || (next == open.next && next.is_some() && poll.pages.stop.same_next) {
                next = None;
            }
            let circle = guard.visit(&page, next.as_ref()).err();
            let bounds = Bounds {
                start: open.start,
                end: open.end,
                done_before: open.done_before,
                lost: None,
            };
            let needed = needed_ids(&self.record, cursor, open, last_time);
            let mut gathered = self.gathered()?;
            let classified = time_page::by_time(
                page.records,
                &mut gathered,
                cursor,
                &bounds,
                last_time,
                &mut self.seen,
                &needed,
                &mut self.summary,
            );
            last_time = classified.newest;
            if classified.before_start && !cursor.lower_bound && cursor.order == Order::Descending {
                next = None;
            }
            if classified.end.is_past() && open.ascending && self.poller.is_backfill() {
                next = None;
            }
            if classified.out_of_order && open.ascending {
                open.ascending = false;
                tracing::warn!(
                    source.id = %self.stream,
                    "records are not in ascending order: the cursor waits for the window's end"
                );
            }
            open.next.clone_from(&next);
            let request = if next.is_some() { Some(self.window_request(open)?) } else { None };
            let moved = self.advance(cursor, open, last_time, next.is_none());
            let needed = needed_ids(&moved, cursor, open, last_time);
            let step = Step { moved, needed: &needed, circle };
            let next_page = self.deliver(gathered, step, request, not_before).await?;
            if classified.is_untimed
                && cursor.advance == Advance::NewestRecord
                && let Some(path) = &cursor.time
            {
                return Err(RunError::NoPlace(format!("a time at `{path}`")));
            }
            if matches!(next_page, NextPage::None) {
                self.seen.prune(&needed);
                return Ok(None);
            }
            fetched = match self.go_on(next_page).await {
                Ok(fetched) => fetched,
                Err(end) => return Ok(Some(end)),
            };
        }
    }

    /// What was set up was for the window as it was.
    async fn set_up_again(&mut self, open: &OpenWindow) -> Result<(), RunError> {
        self.drop_setup();
        let set_up = self.set_up(self.window_scope(open)).await;
        self.keep_setup(set_up)
    }

    /// What the delivery of a page means for the cursor.
    fn advance(
        &self,
        cursor: &TimeCursor,
        open: &OpenWindow,
        newest: Option<Timestamp>,
        window_done: bool,
    ) -> CursorRecord {
        let mut moved = self.record.clone();
        if window_done && cursor.advance == Advance::WindowEnd {
            moved.done = Some(Position::Time(open.end));
        } else if let Some(newest) = newest
            && (window_done || open.ascending)
        {
            // Never past the window, whatever the vendor's clock says, and
            // never back.
            let newest = newest.min(open.end);
            let done = match moved.done {
                Some(Position::Time(done)) => done.max(newest),
                // A first run that follows the records stands at the newest,
                // though it may be older than what was asked for.
                _ if cursor.advance == Advance::NewestRecord => newest,
                _ => open.done_before.max(newest),
            };
            moved.done = Some(Position::Time(done));
        }
        moved.open = (!window_done).then(|| open.clone());
        moved
    }

    /// Where `error` may mean that the vendor no longer knows where to go on: from
    /// the start again, and a second time, or where it is told so, only half of it.
    fn restart(&mut self, open: &mut OpenWindow, error: FetchError) -> Result<(), RunError> {
        let half = match &error {
            FetchError::Refused(refusal) if open.next.is_some() && means_stale(refusal.status) => {
                false
            }
            FetchError::Reread { half, .. } => *half,
            _ => return Err(error.into()),
        };
        open.next = None;
        open.restarts += 1;
        if open.restarts > MOST_RESTARTS {
            // A later run tries once more, from the start: what was refused now may
            // not be refused for ever.
            open.restarts = MOST_RESTARTS - 1;
            self.record.open = Some(open.clone());
            return Err(error.into());
        }
        tracing::warn!(
            source.id = %self.stream,
            window.restarts = open.restarts,
            %error,
            "the vendor does not go on in the window: it is read again from its start"
        );
        // From the very start, also where `done` has moved since: that the
        // order was true so far says nothing about the pages not seen.
        if half || open.restarts > 1 {
            // Half of what the cursor has not passed: it must not go back.
            let passed = match self.record.done {
                Some(Position::Time(done)) => done.max(open.start),
                _ => open.start,
            };
            let half = window::halve(passed, open.end);
            if half > open.done_before.max(passed) {
                open.end = half;
            }
        }
        self.record.open = Some(open.clone());
        Ok(())
    }

    fn window_request(&self, open: &OpenWindow) -> Result<PageRequest, RunError> {
        Ok(self.request(&self.window_scope(open), open.next.as_ref())?)
    }

    fn window_scope(&self, open: &OpenWindow) -> RequestScope<'_> {
        let window_since = (!open.first).then_some(open.start);
        RequestScope { window: Some((open.start, open.end)), window_since, ..self.scope() }
    }
}

/// Which ids later reads may bring again: see [`Needed`].
fn needed_ids(
    record: &CursorRecord,
    cursor: &TimeCursor,
    open: &OpenWindow,
    newest: Option<Timestamp>,
) -> Needed {
    let is_open = record.open.is_some();
    let done = match record.done {
        Some(Position::Time(done)) if open.ascending || !is_open => done,
        _ if open.ascending => open.done_before,
        _ if cursor.advance == Advance::NewestRecord => {
            newest.map_or(open.done_before, |newest| newest.max(open.done_before))
        }
        _ => open.end,
    };
    Needed {
        from: window::start_after(cursor, done),
        open_overlap_to: is_open.then_some(open.done_before),
        latest: match cursor.advance {
            Advance::WindowEnd => 0,
            Advance::NewestRecord => LATEST,
        },
    }
}
