//! Cursors by the records' time, read in windows.

use std::time::Duration;

use super::asked::Asked;
use super::excluded;
use super::only::{DEFAULT_START, only};
use super::reader::time_reader;
use super::record_id::{RecordId, record_id};
use crate::checked::checker::{Checker, Told};
use crate::checked::poll::request::Requests;
use crate::path::{Path, Root};
use crate::written::{self, Advance, Bounds, FiltersBy, Granularity, Located, Order, TimeReader};

/// A cursor by the records' time.
#[derive(Clone, Debug)]
pub struct TimeCursor {
    /// Where a record's time is; `None` if records have no time.
    pub time: Option<Path>,
    /// How it is written.
    pub time_format: TimeReader,
    /// What names a record.
    pub id: Option<RecordId>,
    /// In which order records come.
    pub order: Order,
    /// How far the cursor moves when a window is done.
    pub advance: Advance,
    /// How far back the first run begins.
    pub start: Duration,
    /// How much of the newest time is left to a later run.
    pub end_lag: Duration,
    /// How much of the time already read is read again.
    pub overlap: Duration,
    /// The longest window.
    pub max_window: Duration,
    /// How far back the vendor keeps records.
    pub retention: Option<Duration>,
    /// The unit to which the vendor rounds a window's bounds.
    pub granularity: Granularity,
    /// By which time the vendor selects the records of a window.
    pub filters_by: FiltersBy,
    /// Whether a window's bounds are in it, as far as the source file says it.
    pub bounds: Bounds,
    /// How the request writes a window's bounds.
    pub asks: Asked,
    /// Whether the request says where the window ends. If not, records past the end are
    /// left to the next window.
    pub upper_bound: bool,
    /// Whether the request says where the window starts. If not, pages are followed until
    /// their records are older.
    pub lower_bound: bool,
}

/// The longest window, unless something needs a longer one.
const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn check(
    poll: &written::Poll,
    requests: &Requests<'_>,
    checker: &mut Checker<'_>,
) -> Result<TimeCursor, Told> {
    let written = &poll.cursor;
    let keys = [
        "time",
        "windows",
        "time_format",
        "zone",
        "order",
        "advance",
        "end_lag",
        "overlap",
        "max_window",
        "retention",
        "granularity",
        "filters_by",
        "bounds",
    ];
    let variables = [(Root::Window, "start"), (Root::Window, "since"), (Root::Window, "end")];
    only("time", &keys, &variables, poll, requests, checker);
    let starts = ["start", "since"];
    let lower_bound = starts.iter().any(|name| requests.uses(Root::Window, name));
    let upper_bound = requests.uses(Root::Window, "end");
    let start = checker.duration_or(written.start.as_ref(), DEFAULT_START);
    let id = record_id(written.id.as_ref(), checker)?;
    if !lower_bound && written.order != Order::Descending {
        checker.error_with(
            written.place(),
            "the request does not use `{window.start}`",
            "without it every run would read everything there is, unless the newest comes first: `order: descending`",
        );
    }
    let time = checker.record_path(written.time.as_ref())?;
    has_no_time(written, checker);
    by_arrival(written, checker);
    let overlap = checker.duration_or(written.overlap.as_ref(), Duration::ZERO);
    let asks = Asked::check(Root::Window, (&starts, &["end"]), poll, requests, checker);
    let granularity = granularity(written, &asks, checker);
    let unit = granularity.unit();
    let bounds = bounds(written, (lower_bound, upper_bound), requests, checker);
    // Without an upper bound, each of several windows would bring everything, and
    // nothing of it could be left to the next.
    let reaches_to_the_present = written.windows.is_some() && !upper_bound;
    let max_window = match reaches_to_the_present {
        true => Duration::MAX,
        false => checker.duration_or(written.max_window.as_ref(), DAY.max(overlap + unit)),
    };
    if max_window.is_zero() {
        checker.error(written.max_window.as_ref().and_then(Located::place), "`max_window` is zero");
    }
    let retention = written.retention.as_ref().map(|text| checker.duration(text)).transpose();
    let cursor = TimeCursor {
        time,
        time_format: time_reader(written, checker)?,
        id,
        order: written.order,
        advance: written.advance,
        start,
        end_lag: checker.duration_or(written.end_lag.as_ref(), Duration::ZERO),
        overlap,
        max_window,
        retention: None,
        granularity,
        filters_by: written.filters_by,
        bounds,
        asks,
        upper_bound,
        lower_bound,
    };
    // The start is rounded down by less than a unit, so a window as long as both
    // together still gets ahead.
    if cursor.max_window < cursor.overlap.saturating_add(unit) {
        checker.error_with(
            written.place(),
            "`max_window` is shorter than `overlap` and the granularity together",
            format!(
                "a window could end before it brings anything new: leave it out, or write `{}s` or more",
                (cursor.overlap + unit).as_secs_f64().ceil()
            ),
        );
    }
    if cursor.advance == Advance::NewestRecord && cursor.upper_bound {
        checker.error_with(
            written.place(),
            "`advance: newest_record` and `{window.end}` contradict each other",
            "a window without a record would be asked for again and again: leave one of them out",
        );
    }
    let why = match cursor.advance {
        Advance::NewestRecord => Some("with `advance: newest_record`"),
        Advance::WindowEnd if reaches_to_the_present => {
            Some("with `windows` where the request does not use `{window.end}`")
        }
        Advance::WindowEnd => None,
    };
    if let (Some(max_window), Some(why)) = (&written.max_window, why) {
        checker.error_with(
            max_window.place(),
            format!("`max_window` means nothing {why}"),
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
    let counts =
        matches!(poll.next.as_deref(), Some(written::Next::Page(_) | written::Next::Offset(_)));
    if counts && cursor.order == Order::Descending && cursor.time.is_some() && cursor.id.is_none() {
        checker.warn(
            written.place(),
            "a record that moves to the next page while pages are read comes twice",
            "the newest come first and pages are counted, so each new record moves the others: set `id`",
        );
    }
    if cursor.overlap.is_zero() && cursor.advance == Advance::NewestRecord {
        checker.warn(
            written.place(),
            "a record that the vendor publishes after a newer one is lost",
            "set `overlap`, such as `60s`",
        );
    }
    Ok(TimeCursor { retention: retention?, ..cursor })
}

/// Reports what the records' time cannot say if the vendor goes by another.
fn by_arrival(written: &Located<written::Cursor>, checker: &mut Checker<'_>) {
    if written.filters_by != FiltersBy::Arrival {
        return;
    }
    let goes_by_time = [
        ("order", written.order != Order::Unordered),
        ("advance", written.advance != Advance::WindowEnd),
    ];
    for (name, is_set) in goes_by_time {
        if is_set {
            checker.error_with(
                written.place(),
                format!("`{name}` means nothing with `filters_by: arrival`"),
                "it is about the records' `time`, and the vendor goes by another: leave it out",
            );
        }
    }
}

/// Returns to which unit a window's bounds are rounded. The whole of that second, or day, is
/// requested again.
fn granularity(
    written: &Located<written::Cursor>,
    asks: &Asked,
    checker: &mut Checker<'_>,
) -> Granularity {
    let asked = asks.unit.unwrap_or_default();
    let at_least = |least: Granularity| {
        let mut all = Granularity::ALL.into_iter().filter(|one| one.unit() >= least.unit());
        all.find(|one| one.unit() >= asked).unwrap_or(Granularity::Day)
    };
    let Some(said) = &written.granularity else { return at_least(Granularity::Ms) };
    let at_least = at_least(**said);
    if at_least != **said {
        checker.error_with(
            said.place(),
            format!(
                "`granularity: {}` is finer than `{{window.start}}` is written in the request",
                said.name()
            ),
            format!("write `granularity: {}`, or leave it out", at_least.name()),
        );
    }
    at_least
}

/// Returns whether a window's bounds are in it, as far as the source file says it.
fn bounds(
    written: &Located<written::Cursor>,
    (lower_bound, upper_bound): (bool, bool),
    requests: &Requests<'_>,
    checker: &mut Checker<'_>,
) -> Bounds {
    let bounds = written.bounds.as_deref().copied().unwrap_or_default();
    for (name, is_said, is_asked) in
        [("start", bounds.start.is_some(), lower_bound), ("end", bounds.end.is_some(), upper_bound)]
    {
        if is_said && !is_asked {
            checker.error_with(
                written.bounds.as_ref().and_then(Located::place),
                format!(
                    "`bounds.{name}` means nothing: the request does not use `{{window.{name}}}`"
                ),
                "leave it out",
            );
        }
    }
    // An overlap asks again for what is left out, and a cursor that follows the records for a little
    // more.
    let may_lose = written.overlap.is_none() && written.advance == Advance::WindowEnd;
    if bounds.start.is_none()
        && may_lose
        && let Some(sign) = excluded::sign(requests)
    {
        checker.warn(
            written.place(),
            format!("`{sign}` before `{{window.start}}` may leave out the records at that very moment"),
            "say `bounds: { start: exclusive }`, and a little more is asked for; or `inclusive`, if the vendor \
             gives them",
        );
    }
    bounds
}

/// Reports keys that `windows` rules out because records have no time.
fn has_no_time(written: &Located<written::Cursor>, checker: &mut Checker<'_>) {
    let Some(windows) = &written.windows else { return };
    if !**windows {
        checker.error_with(
            windows.place(),
            "`windows: false` does not say how far a stream has been read",
            "leave it out, or write `windows: true`",
        );
    }
    if let Some(time) = &written.time {
        checker.error_with(
            time.place(),
            "`windows` is for records that have no time",
            "leave one of the two out: a cursor with `time` reads in windows too",
        );
    }
    let needs_time = [
        ("order", written.order != Order::Unordered),
        ("advance", written.advance != Advance::WindowEnd),
        ("time_format", *written.time_format != written::TimeFormat::default()),
        ("filters_by", written.filters_by != FiltersBy::Time),
    ];
    for (name, is_set) in needs_time {
        if is_set {
            checker.error_with(
                written.place(),
                format!("`{name}` means nothing for records without a time"),
                "leave it out",
            );
        }
    }
}
