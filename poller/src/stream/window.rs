//! Which stretch of time a window has.
//!
//! The bounds of a window are frozen when it is opened: they go into every request and into the
//! cursor, and later pages do not move them. Nothing here does I/O.

use std::time::Duration;

use jiff::Timestamp;
use mef_ports::moment::{after, before};
use mef_ports::{LostSpan, OpenWindow, Position};
use mef_source::Zone;
use mef_source::checked::{Advance, Bound, Granularity, TimeCursor};

use crate::news::seen::needed::{LATEST, Needed};
use crate::work::report::NoProgress;

const NANOSECOND: Duration = Duration::from_nanos(1);
const SECOND: Duration = Duration::from_secs(1);

/// The bounds of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// The first moment asked for, `overlap` before `done`.
    pub(crate) start: Timestamp,
    /// The moment the window ends before.
    pub(crate) end: Timestamp,
    /// Up to where everything was delivered when the window was opened.
    pub(crate) done_before: Timestamp,
}

/// Returns the newest moment that may be read at `now`.
pub(crate) fn horizon(cursor: &TimeCursor, now: Timestamp) -> Timestamp {
    let newest = before(now, cursor.end_lag);
    match cursor.granularity {
        // It is read again until it is over, so its end need not be waited for.
        _ if is_read_until_over(cursor) => newest,
        // Rounded like the start of a window: a finer end would open a window of its own.
        _ => floor(cursor, newest),
    }
}

/// Returns whether the vendor gives what there is of an hour or a day that is not over. It does not
/// where the window's end is said to be left out.
fn is_read_until_over(cursor: &TimeCursor) -> bool {
    let is_long = matches!(cursor.granularity, Granularity::Hour | Granularity::Day);
    is_long && cursor.bounds.end != Some(Bound::Exclusive)
}

/// Returns where a window begins when everything before `done` is delivered.
pub(crate) fn start_after(cursor: &TimeCursor, done: Timestamp) -> Timestamp {
    start_from(cursor, before(done, cursor.overlap), leaves_out_its_start(cursor))
}

/// Returns where what is left of a window begins, if everything before `done` is delivered.
pub(crate) fn start_within(cursor: &TimeCursor, done: Timestamp) -> Timestamp {
    start_from(cursor, done, cursor.bounds.start == Some(Bound::Exclusive))
}

fn start_from(cursor: &TimeCursor, time: Timestamp, is_left_out: bool) -> Timestamp {
    let start = floor(cursor, time);
    let start = match is_left_out {
        true => floor(cursor, before(start, NANOSECOND)),
        false => start,
    };
    let zones = [&cursor.asks.zone, &cursor.time_format.zone];
    floor(cursor, zones.into_iter().flatten().fold(start, |start, zone| shown_once(zone, start)))
}

/// Returns whether a window has to begin a unit earlier, because the vendor may leave out what is at
/// its very start and no window before it has that.
fn leaves_out_its_start(cursor: &TimeCursor) -> bool {
    match (cursor.bounds.start, cursor.bounds.end) {
        // What is at the start of an overlap was read before.
        _ if !cursor.overlap.is_zero() && cursor.overlap >= cursor.granularity.unit() => false,
        // A window ends in the middle of an hour or a day, which the next has to ask for again.
        (Some(Bound::Exclusive), _) if is_read_until_over(cursor) => true,
        (Some(Bound::Inclusive), _) => false,
        // The cursor stands at a record, and others may come at the same moment.
        (None, _) => cursor.advance == Advance::NewestRecord && cursor.lower_bound,
        (Some(Bound::Exclusive), end) => {
            end != Some(Bound::Inclusive) || cursor.advance == Advance::NewestRecord
        }
    }
}

/// Returns the last moment before `time` that the clocks of `zone` show once, if they show `time`
/// twice: a vendor may take it for the second.
pub(crate) fn shown_once(zone: &Zone, time: Timestamp) -> Timestamp {
    zone.doubled(time).map_or(time, |doubled| before(doubled.from, SECOND))
}

/// Returns the bounds that a request writes for a window from `start` to `end`.
pub(crate) fn asked(
    cursor: &TimeCursor,
    start: Timestamp,
    end: Timestamp,
) -> (Timestamp, Timestamp) {
    // The vendor may take a time of day that comes twice for the first.
    let doubled = cursor.asks.zone.as_ref().and_then(|zone| zone.doubled(end));
    let end = match doubled.filter(|doubled| end >= doubled.again) {
        Some(doubled) => doubled.to,
        None => end,
    };
    let is_long = matches!(cursor.granularity, Granularity::Hour | Granularity::Day);
    match cursor.bounds.end {
        // An hour or a day that is named as the last is read whole.
        Some(Bound::Inclusive) if is_long => (start, before(end, NANOSECOND).max(start)),
        _ => (start, end),
    }
}

/// Returns what the vendor no longer keeps, if the cursor has fallen behind that.
pub(crate) fn lost(
    cursor: &TimeCursor,
    done: Option<Timestamp>,
    now: Timestamp,
) -> Option<LostSpan> {
    let oldest = before(now, cursor.retention?);
    let from = done.unwrap_or_else(|| before(now, cursor.start));
    (from < oldest).then_some(LostSpan { from, to: oldest })
}

/// Returns the window after `done`, up to `horizon`; `None` if there is nothing new to read. `done`
/// is `None` on the first run.
pub(crate) fn open(
    cursor: &TimeCursor,
    done: Option<Timestamp>,
    horizon: Timestamp,
    now: Timestamp,
) -> Result<Option<Bounds>, NoProgress> {
    // A first run overlaps nothing, and the vendor would refuse what is past its retention.
    let first = before(now, cursor.start);
    let oldest = cursor.retention.map_or(Timestamp::MIN, |retention| before(now, retention));
    let earliest = oldest.max(if done.is_none() { first } else { Timestamp::MIN });
    let done = done.unwrap_or(first).max(oldest);
    if done >= horizon {
        return Ok(None);
    }
    let start = start_after(cursor, done).max(floor(cursor, earliest));
    let end = match cursor.advance {
        // What the start is earlier by, because of the vendor's bounds or clocks, makes it longer.
        Advance::WindowEnd => {
            let start = start.max(floor(cursor, before(done, cursor.overlap)));
            let longest = after(start, cursor.max_window);
            // A day of 25 hours is longer than a window of `1d`.
            let is_day = cursor.granularity == Granularity::Day;
            horizon.min(if is_day { longest.max(next_unit(cursor, done)) } else { longest })
        }
        // Else a stretch without a record would be the last that was ever read.
        Advance::NewestRecord => horizon,
    };
    if end <= done {
        return Err(NoProgress);
    }
    Ok(Some(Bounds { start, end, done_before: done }))
}

/// Returns which ids later reads may bring again when the cursor stands at `done`.
pub(super) fn needed(
    done: Option<&Position>,
    is_open: bool,
    cursor: &TimeCursor,
    open: &OpenWindow,
    newest: Option<Timestamp>,
) -> Needed {
    let done = match done {
        Some(Position::Time(done)) if open.ascending || !is_open => *done,
        _ if open.ascending => open.done_before,
        _ if cursor.advance == Advance::NewestRecord => {
            newest.map_or(open.done_before, |newest| newest.max(open.done_before))
        }
        _ => open.read_to(),
    };
    Needed {
        from: start_after(cursor, done),
        open_overlap_to: is_open.then_some(open.done_before),
        latest: match cursor.advance {
            Advance::WindowEnd => 0,
            Advance::NewestRecord => LATEST,
        },
    }
}

/// Returns the end of half of what is left of a window after `passed`, for a vendor that cannot read
/// the whole of it; `None` if no less can be asked for.
pub(crate) fn halve(cursor: &TimeCursor, passed: Timestamp, end: Timestamp) -> Option<Timestamp> {
    let middle = end.checked_sub(end.duration_since(passed) / 2).ok()?;
    let half = floor(cursor, middle);
    let half = if half > passed { half } else { next_unit(cursor, passed) };
    let last = |end| floor(cursor, asked(cursor, passed, end).1);
    (half > passed && last(half) < last(end)).then_some(half)
}

/// Returns where the unit after that of `time` begins.
fn next_unit(cursor: &TimeCursor, time: Timestamp) -> Timestamp {
    let unit = cursor.granularity.unit();
    // Where clocks go back, a day has up to 25 hours.
    floor(cursor, after(floor(cursor, time), unit + unit / 8))
}

fn floor(cursor: &TimeCursor, time: Timestamp) -> Timestamp {
    floor_in(cursor.asks.zone.as_ref(), time, cursor.granularity.unit())
}

/// Rounds a moment down to where a unit begins, on the clocks of `zone` or in UTC.
pub(crate) fn floor_in(zone: Option<&Zone>, time: Timestamp, unit: Duration) -> Timestamp {
    if let Some(zone) = zone {
        return zone.floor(time, unit);
    }
    let unit = i128::try_from(unit.as_nanos()).unwrap_or(i128::MAX).max(1);
    let floored = time.as_nanosecond().div_euclid(unit) * unit;
    Timestamp::from_nanosecond(floored).unwrap_or(Timestamp::MIN)
}
