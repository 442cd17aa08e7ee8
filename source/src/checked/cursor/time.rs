//! Cursors by the records' time, read in windows.

use std::time::Duration;

use super::{DEFAULT_START, TimeCursor, only};
use crate::Root;
use crate::checked::checker::Checker;
use crate::checked::request::Request;
use crate::written::{self, Advance, Granularity, Located, Order};

const DEFAULT_MAX_WINDOW: Duration = Duration::from_secs(86_400);

pub(super) fn check(
    poll: &written::Poll,
    request: &Request,
    time: &Located<String>,
    checker: &mut Checker<'_>,
) -> Option<TimeCursor> {
    let written = &poll.cursor;
    let keys = [
        "time",
        "time_format",
        "order",
        "advance",
        "end_lag",
        "overlap",
        "max_window",
        "retention",
        "granularity",
    ];
    let variables = [(Root::Window, "start"), (Root::Window, "end")];
    only("time", &keys, &variables, poll, request, checker);
    let lower_bound = request.uses(Root::Window, "start");
    let upper_bound = request.uses(Root::Window, "end");
    let start = checker.duration_or(written.start.as_ref(), DEFAULT_START);
    let id = match &written.id {
        None => None,
        Some(path) => Some(checker.path(path, &[Root::Record])?),
    };
    if !lower_bound && written.order != Order::Descending {
        checker.error_with(
            written.place(),
            "the request does not use `{window.start}`",
            "without it every run would read everything there is, unless the newest comes first: `order: descending`",
        );
    }
    let max_window = checker.duration_or(written.max_window.as_ref(), DEFAULT_MAX_WINDOW);
    if max_window.is_zero() {
        checker.error(written.max_window.as_ref().and_then(Located::place), "`max_window` is zero");
    }
    let cursor = TimeCursor {
        time: checker.path(time, &[Root::Record])?,
        time_format: written.time_format,
        id,
        order: written.order,
        advance: written.advance,
        start,
        end_lag: checker.duration_or(written.end_lag.as_ref(), Duration::ZERO),
        overlap: checker.duration_or(written.overlap.as_ref(), Duration::ZERO),
        max_window,
        retention: written.retention.as_ref().and_then(|text| checker.duration(text)),
        granularity: written.granularity,
        upper_bound,
        lower_bound,
    };
    let unit = match cursor.granularity {
        Granularity::Day => Duration::from_secs(86_400),
        Granularity::S => Duration::from_secs(1),
        Granularity::Ms => Duration::from_millis(1),
    };
    // The start is rounded down by less than a unit, so that a window
    // as long as both together still gets further.
    if cursor.max_window < cursor.overlap.saturating_add(unit) {
        checker.error_with(
            written.place(),
            "`max_window` is shorter than `overlap` and the granularity together",
            "a window could end before it brings anything new",
        );
    }
    if cursor.advance == Advance::NewestRecord && cursor.upper_bound {
        checker.error_with(
            written.place(),
            "`advance: newest_record` and `{window.end}` contradict each other",
            "a window without a record would be asked for again and again: leave one of them out",
        );
    }
    if cursor.advance == Advance::NewestRecord && written.max_window.is_some() {
        checker.error_with(
            written.max_window.as_ref().and_then(Located::place),
            "`max_window` means nothing with `advance: newest_record`",
            "such a window reaches to the present: leave it out",
        );
    }
    if cursor.end_lag.is_zero() && cursor.overlap.is_zero() && cursor.advance == Advance::WindowEnd
    {
        checker.warn(
            written.place(),
            "records that the vendor publishes late are lost",
            "set `end_lag`, `overlap` or both, such as `60s`",
        );
    }
    Some(cursor)
}
