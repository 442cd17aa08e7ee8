//! Whether a cursor can keep up with the schedule and the vendor's retention.

use std::time::Duration;

use super::time::TimeCursor;
use crate::checked::checker::Checker;
use crate::written::{self, Located};

/// Warns of settings that look right alone, but together lose records or fall behind.
pub(crate) fn check_pace(
    time: &TimeCursor,
    schedule: Duration,
    poll: &written::Poll,
    checker: &mut Checker<'_>,
) {
    let written = &poll.cursor;
    if time.max_window.saturating_sub(time.overlap) < schedule {
        checker.warn(
            written.max_window.as_ref().and_then(Located::place).or(written.place()),
            "a window brings less than the time between two runs",
            "every run needs several windows to keep up: make `max_window` longer than the schedule and `overlap` together",
        );
    }
    let Some(retention) = time.retention else { return };
    let place = written.retention.as_ref().and_then(Located::place);
    if retention <= schedule.saturating_add(time.end_lag) {
        checker.warn(
            place,
            "the vendor forgets records before they are read",
            "`retention` must be longer than the schedule and `end_lag` together",
        );
    }
    if retention < time.start {
        checker.warn(
            written.start.as_ref().and_then(Located::place).or(place),
            "`start` is further back than the vendor keeps records",
            "the first run begins at `retention`",
        );
    }
}
