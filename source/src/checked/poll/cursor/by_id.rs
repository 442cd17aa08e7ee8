//! Cursors by the newest record's id, or by its time and id together.

use std::time::Duration;

use super::asked::Asked;
use super::only::{DEFAULT_START, only};
use super::reader::time_reader;
use super::record_id::{self, RecordId};
use crate::checked::checker::{Checker, Told};
use crate::checked::poll::request::Requests;
use crate::path::{Path, Root};
use crate::written::{self, Located, Order, TimeReader};

/// A cursor by the records' id, or by their time and id together.
#[derive(Clone, Debug)]
pub struct IdCursor {
    /// What names a record.
    pub id: RecordId,
    /// Where a record's time is, for a cursor by both.
    pub time: Option<Path>,
    /// How it is written.
    pub time_format: TimeReader,
    /// In which order records come.
    pub order: Order,
    /// How far back the first run begins: `{cursor.time}`, `{cursor.start}`.
    pub start: Duration,
    /// How much of the newest time is left to a later run.
    pub end_lag: Duration,
    /// How the request writes `{cursor.time}`.
    pub asks: Asked,
    /// Whether the request says where to go on. If not, pages are followed until their
    /// records are older.
    pub lower_bound: bool,
}

pub(crate) fn check(
    poll: &written::Poll,
    requests: &Requests<'_>,
    id: &Located<String>,
    checker: &mut Checker<'_>,
) -> Result<IdCursor, Told> {
    let written = &poll.cursor;
    let (kind, keys, variables): (_, &[&str], &[_]) = match written.time {
        None => ("id", &["order"], &[(Root::Cursor, "id"), (Root::Cursor, "start")]),
        Some(_) => (
            "time and id",
            &["order", "time", "time_format", "zone", "end_lag"],
            &[(Root::Cursor, "id"), (Root::Cursor, "time")],
        ),
    };
    only(kind, keys, variables, poll, requests, checker);
    let lower_bound = requests.uses(Root::Cursor, "id");
    if !lower_bound && written.order != Order::Descending {
        checker.error_with(
            written.place(),
            "the request does not use `{cursor.id}`",
            "without it every run would read everything there is, unless the newest comes first: \
             `order: descending`",
        );
    }
    if written.time.is_some() && !requests.uses(Root::Cursor, "time") {
        checker.error_with(
            written.place(),
            "the request uses `{cursor.id}` but not `{cursor.time}`",
            "a cursor by time and id needs both; leave out `time` for a cursor by id alone",
        );
    }
    if poll.next.is_none() && written.order != Order::Ascending {
        checker.warn(
            written.place(),
            "there is one page, and the cursor moves to the newest record on it",
            "what does not fit on the page is lost: say `next`, or `order: ascending` if the oldest come first",
        );
    }
    if written.time.is_some() && written.end_lag.is_none() {
        checker.warn(
            written.place(),
            "a record that the vendor publishes after a newer one is lost",
            "set `end_lag`, such as `60s`: the newest records are then left for later",
        );
    }
    let time = checker.record_path(written.time.as_ref())?;
    Ok(IdCursor {
        id: record_id::required(id, checker)?,
        time,
        time_format: time_reader(written, checker)?,
        asks: Asked::check(Root::Cursor, (&["time"], &[]), poll, requests, checker),
        order: written.order,
        start: checker.duration_or(written.start.as_ref(), DEFAULT_START),
        end_lag: checker.duration_or(written.end_lag.as_ref(), Duration::ZERO),
        lower_bound,
    })
}
