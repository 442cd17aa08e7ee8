//! Reading by time: window after window until the newest moment that may be read.

use std::time::Duration;

use jiff::Timestamp;
use mef_ports::moment::before;
use mef_ports::{LostSpan, Move, OpenWindow, Position, ResumeAt};
use mef_source::checked::{Advance, FiltersBy, Order, TimeCursor};

use crate::news::gathered::Gathered;
use crate::news::known::{Known, known, note_late};
use crate::news::seen::needed::Needed;
use crate::news::seen::{ComesAgain, Stay};
use crate::page::record::{Record, Unread};
use crate::request::scope::RequestScope;
use crate::stream::out_of_line::{Older, is_ahead};
use crate::stream::{Again, Reading, Setback, Sorted, note_order, read_pages, window};
use crate::work::context::Run;
use crate::work::delivery::Turn;
use crate::work::report::{RunEnd, RunError};

/// How often a window is read again from its start before a run gives up. From the second time on
/// only half of it is read, so that each try asks for something else.
const MOST_RESTARTS: u32 = 6;

/// The finest unit in which ids are kept.
const A_MOMENT: Duration = Duration::from_millis(1);

/// A window while its pages are read.
struct Window<'c> {
    cursor: &'c TimeCursor,
    open: OpenWindow,
    /// The newest time so far.
    newest: Option<Timestamp>,
    older: Older,
}

/// Reads window after window until there is nothing new.
pub(crate) async fn read_windows(
    run: &mut Run<'_>,
    cursor: &TimeCursor,
) -> Result<RunEnd, RunError> {
    loop {
        // A response may have shown that our clock is ahead.
        let now = run.started_for_vendor();
        let horizon = run.poller.horizon(window::horizon(cursor, now));
        let kept = run.record.open().filter(|open| !is_forgotten(run, cursor, open)).cloned();
        let resumed = kept.is_some();
        let open = match kept {
            // A window that follows the records has no end of its own: it reaches to the present.
            Some(open) if cursor.advance == Advance::NewestRecord => {
                OpenWindow { end: open.end.max(horizon), ..open }
            }
            // It was opened when our clock was ahead, and nobody knows when its pages were read.
            Some(open) if open.end > run.started && open.cut_to.is_none() => {
                run.record.read_again();
                OpenWindow { end: horizon.max(open.done_before), next: None, ..open }
            }
            Some(open) => open,
            None => match open_window(run, cursor, horizon, now)? {
                Some(open) => open,
                None => return Ok(RunEnd::CaughtUp),
            },
        };
        let at = open.next.clone();
        if at.is_some() && cursor.id.is_none() && run.record.passed().is_none() {
            run.seen.go_on(open.done_before);
        }
        let mut window = Window { cursor, open, newest: None, older: Older::default() };
        if at.is_none() {
            window.leave_out_what_is_done(run);
        }
        match read_pages(run, &mut window, at).await? {
            RunEnd::CaughtUp => {}
            end => return Ok(end),
        }
        // One `Date` may be that of a page from a cache.
        if run.fetcher.vendor_clock.moves() {
            run.is_in_time(run.record.done(), run.started_for_vendor())?;
        }
        // A first window that lay in the vendor's future has read nothing. Now the time is known.
        let first_was_ahead = window.has_read_nothing() && run.record.done().is_none();
        if first_was_ahead && run.started_for_vendor() < now {
            continue;
        }
        // `done` may stand before the end, at the newest record.
        if window.open.read_to()
            >= run.poller.horizon(window::horizon(cursor, run.started_for_vendor()))
        {
            return Ok(RunEnd::CaughtUp);
        }
        // Records that came while the window was interrupted are left to the next run.
        let left = Duration::try_from(horizon.duration_since(window.open.end)).unwrap_or_default();
        if resumed && left < run.poller.poll.schedule && !run.poller.is_backfill() {
            return Ok(RunEnd::CaughtUp);
        }
    }
}

/// Returns whether the vendor keeps nothing of the window any more: then it can only be passed
/// over, and opening the next one tells what is lost.
fn is_forgotten(run: &Run<'_>, cursor: &TimeCursor, open: &OpenWindow) -> bool {
    cursor
        .retention
        .is_some_and(|retention| open.end <= before(run.started_for_vendor(), retention))
}

fn open_window(
    run: &mut Run<'_>,
    cursor: &TimeCursor,
    horizon: Timestamp,
    now: Timestamp,
) -> Result<Option<OpenWindow>, RunError> {
    let done = match run.record.done() {
        // A first window that was never read to its end is where the next begins.
        None => run.record.open().map(|open| open.done_before),
        Some(Position::Time(time)) => Some(*time),
        Some(stored) => return Err(run.wrong_kind(stored)),
    };
    // What lies past the end of a backfill is not the backfill's.
    let read_to = match cursor.advance {
        Advance::WindowEnd => done,
        // The cursor stays at a record, however long nothing came after it.
        Advance::NewestRecord => done.max(run.last_read(cursor.end_lag)),
    };
    let lost = window::lost(cursor, read_to, now).filter(|lost| lost.from < horizon);
    if let Some(LostSpan { from, to }) = lost {
        run.note_lost(LostSpan { from, to: to.min(horizon) });
    }
    let Some(bounds) = window::open(cursor, done, horizon, now)? else {
        return Ok(None);
    };
    let open = OpenWindow {
        start: bounds.start,
        end: bounds.end,
        cut_to: None,
        done_before: bounds.done_before,
        first: run.record.done().is_none(),
        next: None,
        restarts: 0,
        ascending: cursor.order == Order::Ascending,
        rises: false,
        counted: None,
        request_digest: run.poller.poll.request_digest.clone(),
    };
    run.record.setup = None;
    *run.fetcher.open_wait() = None;
    run.record.open_window(open.clone());
    Ok(Some(open))
}

impl Window<'_> {
    /// Begins the window where the cursor stands, if its records come in ascending order and not only
    /// the source file says so. Returns whether that is later than where it began.
    fn leave_out_what_is_done(&mut self, run: &mut Run<'_>) -> bool {
        let Window { cursor, open, .. } = self;
        let Some(Position::Time(done)) = run.record.done().filter(|_| open.ascending && open.rises)
        else {
            return false;
        };
        // What lies before it was asked for once, for records that come late.
        if *done <= open.done_before {
            return false;
        }
        let start = window::start_within(cursor, *done);
        let is_later = start > open.start;
        if is_later {
            (open.start, open.first) = (start, false);
            run.record.open_window(open.clone());
        }
        is_later
    }

    /// Returns until when a record may come again: a later window asks from a moment on.
    fn stay(&self, now: Timestamp, time: Option<Timestamp>) -> Stay {
        let OpenWindow { start, end, .. } = self.open;
        let read = if self.cursor.upper_bound { end } else { now };
        let is_by_time = self.cursor.filters_by == FiltersBy::Time;
        match time {
            Some(time) if time >= start && is_by_time => {
                Stay { time, read: Some(read), renews: true }
            }
            // Its time does not say in which windows it lies. One that is older than what was asked
            // for may come with each.
            Some(time) => Stay { time: read.max(time), read: None, renews: true },
            // A record without a time lies somewhere before the end.
            None => Stay { time: before(read, A_MOMENT), read: None, renews: false },
        }
    }

    /// Takes a record if it is new.
    fn take(
        &self,
        run: &mut Run<'_>,
        (record, known): (Record, Known),
        needed: &Needed,
        gathered: &mut Gathered<'_>,
    ) {
        let stay = match known.time {
            // What lists a thing says nothing of it: it is asked for again by the next window.
            None if !run.poller.poll.details.is_empty() => {
                Stay { time: Timestamp::MIN, ..self.stay(run.now(), None) }
            }
            time => self.stay(run.now(), time),
        };
        let Run { seen, summary, .. } = run;
        let Some(identity) = seen.insert(known.key, stay, needed, summary) else { return };
        // Before a first window nothing is passed, even if it begins a little earlier.
        let passed = (!self.open.first).then_some(self.open.done_before);
        let is_by_time = self.cursor.filters_by == FiltersBy::Time;
        if is_by_time && known.time.is_some() && known.time < passed {
            note_late(known.time, passed, summary);
        }
        gathered.take(known.news(record, identity));
    }

    /// Returns whether all of it lies in the vendor's future.
    fn has_read_nothing(&self) -> bool {
        self.open.read_to() <= self.open.done_before
    }

    /// Cuts the window off where the vendor's clock stood, or ours, when it was first asked for.
    fn cut(&mut self, run: &Run<'_>) {
        let come_to = before(run.started_for_vendor(), self.cursor.end_lag);
        if come_to < self.open.read_to() {
            self.open.cut_to = Some(come_to);
        }
    }
}

impl Reading for Window<'_> {
    fn scope<'s>(&'s self, run: &'s Run<'_>) -> RequestScope<'s> {
        let OpenWindow { start, end, first, .. } = self.open;
        let window_since = (!first).then_some(start);
        let asked = window::asked(self.cursor, start, end);
        RequestScope { window: Some(asked), window_since, ..run.scope() }
    }

    fn is_ascending(&self) -> bool {
        self.open.ascending
    }

    fn sort(
        &mut self,
        run: &mut Run<'_>,
        records: Vec<Unread>,
        gathered: &mut Gathered<'_>,
    ) -> Sorted {
        self.cut(run);
        let untimed = self.stay(run.now(), None);
        let (now, done, is_open) = (run.now(), run.record.done(), run.record.open().is_some());
        let needed = window::needed(done, is_open, self.cursor, &self.open, self.newest);
        let mut sorted = Sorted { fetched: Some((untimed, needed)), ..Sorted::default() };
        let (mut previous, mut all_before, mut is_untimed) = (None, true, false);
        let (mut rises, mut out_of_order) = (false, false);
        for record in records {
            let Run { poller, seen, summary, .. } = &mut *run;
            summary.records += 1;
            let record = gathered.read(record, |key| seen.insert(key, untimed, &needed, summary));
            let Some(record) = record else { continue };
            let Window { cursor, open, newest, older } = &mut *self;
            let (id, time) = (cursor.id.as_ref(), cursor.time.as_ref());
            let known = known(&record, id, time, &cursor.time_format, summary);
            let time = known.time;
            is_untimed = true;
            if let Some(time) = time {
                rises |= previous.is_some_and(|previous| time > previous);
                previous = Some(time);
                all_before &= time < open.start;
                if !cursor.lower_bound && time < open.start {
                    older.push(record, known);
                    continue;
                }
                // By a time of arrival no later window asks for it again, whatever the record says.
                // What arrived in a stretch of the past is older than its end.
                let is_left = cursor.filters_by == FiltersBy::Time || poller.is_backfill();
                let is_past = !cursor.upper_bound && is_left && time >= open.end;
                sorted.end.note(is_past);
                if is_past && (poller.is_backfill() || !is_ahead(time, now)) {
                    summary.held_back += 1;
                    continue;
                }
                if !is_past {
                    out_of_order |= newest.is_some_and(|newest| time < newest);
                    *newest = (*newest).max(Some(time));
                }
                for older in older.among_newer() {
                    self.take(run, older, &needed, gathered);
                }
            }
            self.take(run, (record, known), &needed, gathered);
        }
        let Window { cursor, open, .. } = self;
        open.rises |= rises;
        note_order(run, &mut open.ascending, out_of_order);
        // One that is too old may have a wrong time: only a page that is all too old is the last.
        let goes_back = cursor.order == Order::Descending && !cursor.lower_bound;
        sorted.is_last = goes_back && previous.is_some() && all_before;
        if is_untimed && previous.is_none() && cursor.advance == Advance::NewestRecord {
            sorted.no_place = cursor.time.as_ref().map(|path| format!("a time at `{path}`"));
        }
        sorted
    }

    fn turn(
        &mut self,
        run: &Run<'_>,
        _: Option<&ResumeAt>,
        next: Option<&ResumeAt>,
    ) -> Result<Turn, RunError> {
        let has_read_nothing = self.has_read_nothing();
        let Window { cursor, open, newest, .. } = self;
        open.next = next.cloned();
        let read_to = open.read_to();
        let mut moved = Move { open: next.map(|_| open.clone()), ..run.record.unmoved() };
        if next.is_none() && cursor.advance == Advance::WindowEnd {
            if !has_read_nothing {
                moved.done = Some(Position::Time(read_to));
            }
        } else if let Some(newest) = *newest
            && (next.is_none() || open.ascending)
        {
            // Never past the window, whatever the vendor's clock says, and never back.
            let newest = newest.min(read_to);
            let done = match moved.done {
                Some(Position::Time(done)) => done.max(newest),
                // A first run that follows the records stands at the newest, even if that is older
                // than what was asked for.
                _ if cursor.advance == Advance::NewestRecord => newest,
                _ => open.done_before.min(read_to).max(newest),
            };
            moved.done = Some(Position::Time(done));
        } else if next.is_none() && moved.done.is_none() && !has_read_nothing {
            // A first window without a record. The next begins where it did: one of its own would begin
            // later, and leave out what came in between if that is long.
            moved.done = Some(Position::Time(open.done_before));
        }
        let needed =
            window::needed(moved.done.as_ref(), moved.open.is_some(), cursor, open, *newest);
        let comes_again = if next.is_some() { ComesAgain::Nothing } else { ComesAgain::All };
        let (goes_on, is_through) = (next.is_some(), next.is_none());
        Ok(Turn { moved, needed, goes_on, is_through, comes_again })
    }

    /// Counts the tries of earlier runs, but allows one in each run.
    fn most_restarts(&self) -> u32 {
        MOST_RESTARTS.saturating_sub(self.open.restarts).max(1)
    }

    fn read_anew(&mut self, run: &mut Run<'_>) {
        self.leave_out_what_is_done(run);
        (self.newest, self.older) = (None, Older::default());
        run.record.open_window(self.open.clone());
    }

    /// Goes back to the start of the window, or in ascending order to where the cursor stands.
    fn begin_again(&mut self, run: &mut Run<'_>, setback: Setback<'_>) -> Again {
        let is_later = self.leave_out_what_is_done(run);
        let open = &mut self.open;
        open.next = None;
        open.restarts = if is_later { 0 } else { MOST_RESTARTS.min(open.restarts + 1) };
        tracing::warn!(
            source.id = %run.stream,
            window.restarts = open.restarts,
            cursor.start = %open.start,
            error = %setback.error,
            "the vendor does not go on in the window: it is read again from its start"
        );
        // What is left of it is less than was asked for already.
        if !is_later && (setback.half || open.restarts > 1) {
            // Half of what the cursor has not passed: it must not go back.
            let passed = match run.record.done() {
                Some(Position::Time(done)) => open.start.max(*done),
                _ => open.start,
            };
            match window::halve(self.cursor, passed, open.end) {
                Some(half) if half > open.done_before => (open.end, open.cut_to) = (half, None),
                _ if setback.half => {
                    tracing::warn!(
                        source.id = %run.stream,
                        window.end = %open.end,
                        window.unit = self.cursor.granularity.name(),
                        "the vendor refuses the shortest window that can be asked for: see `granularity`, \
                         `bounds` and `overlap`"
                    );
                    return Again::No;
                }
                _ => {}
            }
        }
        (self.newest, self.older) = (None, Older::default());
        run.record.open_window(self.open.clone());
        if is_later { Again::Less } else { Again::Yes }
    }
}
