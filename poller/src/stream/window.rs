//! Which stretch of time a window has.
//!
//! The bounds of a window are frozen when it is opened: they go into every request and into the
//! cursor, and later pages do not move them. Nothing here does I/O.

use jiff::Timestamp;
use mef_ports::LostSpan;
use mef_ports::moment::{after, before};
use mef_source::checked::{Advance, Granularity, TimeCursor};

use crate::work::report::NoProgress;

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
        // A day is read again until it is over, so its end need not be waited for.
        Granularity::Day => newest,
        // Rounded like the start of a window: a finer end would open a window of its own.
        Granularity::Ms | Granularity::S => floor(newest, cursor.granularity),
    }
}

/// Returns where a window begins when everything before `done` is delivered.
pub(crate) fn start_after(cursor: &TimeCursor, done: Timestamp) -> Timestamp {
    floor(before(done, cursor.overlap), cursor.granularity)
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
    let start = start_after(cursor, done).max(floor(earliest, cursor.granularity));
    let end = match cursor.advance {
        Advance::WindowEnd => horizon.min(after(start, cursor.max_window)),
        // Else a stretch without a record would be the last that was ever read.
        Advance::NewestRecord => horizon,
    };
    if end <= done {
        return Err(NoProgress);
    }
    Ok(Some(Bounds { start, end, done_before: done }))
}

/// Returns the end of half a window, for a vendor that cannot read the whole of it.
pub(crate) fn halve(start: Timestamp, end: Timestamp) -> Timestamp {
    end.checked_sub(end.duration_since(start) / 2).unwrap_or(end)
}

/// Returns the beginning of the unit in which `time` lies.
pub(crate) fn floor(time: Timestamp, granularity: Granularity) -> Timestamp {
    let nanos: i128 = match granularity {
        Granularity::Ms => 1_000_000,
        Granularity::S => 1_000_000_000,
        Granularity::Day => 86_400_000_000_000,
    };
    let floored = time.as_nanosecond().div_euclid(nanos) * nanos;
    Timestamp::from_nanosecond(floored).unwrap_or(Timestamp::MIN)
}
