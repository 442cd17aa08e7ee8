//! What the `cursor` of a `poll` means.

use std::time::Duration;

use super::checker::Checker;
use super::event::EventSpec;
use super::request::Request;
use crate::written::{self, Advance, Granularity, Located, Order, TimeFormat};
use crate::{Path, Root, Template};

const DEFAULT_MAX_WINDOW: Duration = Duration::from_secs(86_400);
const DEFAULT_START: Duration = Duration::from_secs(86_400);

/// How far a stream has been read.
#[derive(Clone, Debug)]
pub enum Cursor {
    /// By the records' time, in windows.
    Time(TimeCursor),
    /// By the vendor's token.
    Token(TokenCursor),
}

impl Cursor {
    /// Where a record's id is.
    pub fn id(&self) -> Option<&Path> {
        match self {
            Cursor::Time(cursor) => cursor.id.as_ref(),
            Cursor::Token(cursor) => cursor.id.as_ref(),
        }
    }
}

/// A cursor by the records' time.
#[derive(Clone, Debug)]
pub struct TimeCursor {
    /// Where a record's time is.
    pub time: Path,
    /// How it is written.
    pub time_format: TimeFormat,
    /// Where a record's id is.
    pub id: Option<Path>,
    /// In which order records come.
    pub order: Order,
    /// How far the cursor moves when a window is done.
    pub advance: Advance,
    /// How far back the first run begins.
    pub start: Duration,
    /// How much of the newest time is left for later.
    pub end_lag: Duration,
    /// How much of the time already read is read again.
    pub overlap: Duration,
    /// The longest window.
    pub max_window: Duration,
    /// How far back the vendor keeps records.
    pub retention: Option<Duration>,
    /// To what the vendor rounds a window's bounds.
    pub granularity: Granularity,
    /// Whether the request says where the window ends. If not, what lies past
    /// the end is held back for the next window.
    pub upper_bound: bool,
}

/// A cursor by the vendor's token.
#[derive(Clone, Debug)]
pub struct TokenCursor {
    /// Where a page has the token for what comes next.
    pub token: Path,
    /// Where a record's id is.
    pub id: Option<Path>,
    /// How far back the first run begins: `{cursor.start}`.
    pub start: Duration,
}

pub(super) fn check(
    poll: &written::Poll,
    request: &Request,
    event: &EventSpec,
    checker: &mut Checker<'_>,
) -> Option<Cursor> {
    let written = &poll.cursor;
    check_schema(written, event, checker);
    let id = match &written.id {
        None => None,
        Some(path) => Some(checker.path(path, &[Root::Record])?),
    };
    let start = checker.duration_or(written.start.as_ref(), DEFAULT_START);
    match (&written.time, &written.token) {
        (Some(time), None) => {
            let bounds = |bound: &str| {
                request
                    .templates()
                    .into_iter()
                    .flat_map(Template::paths)
                    .any(|path| path.root() == Root::Window && path.name() == bound)
            };
            if !bounds("start") {
                checker.error_with(
                    written.place(),
                    "the request does not use `{window.start}`",
                    "without it every run would read everything there is",
                );
            }
            let max_window = checker.duration_or(written.max_window.as_ref(), DEFAULT_MAX_WINDOW);
            if max_window.is_zero() {
                checker.error(
                    written.max_window.as_ref().and_then(Located::place),
                    "`max_window` is zero",
                );
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
                upper_bound: bounds("end"),
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
            if cursor.end_lag.is_zero()
                && cursor.overlap.is_zero()
                && cursor.advance == Advance::WindowEnd
            {
                checker.warn(
                    written.place(),
                    "records that the vendor publishes late are lost",
                    "set `end_lag`, `overlap` or both, such as `60s`",
                );
            }
            Some(Cursor::Time(cursor))
        }
        (None, Some(token)) => {
            if !matches!(poll.next.as_deref(), Some(written::Next::Token(_))) {
                checker.error_with(
                    written.place(),
                    "a cursor by token needs `next: { token: … }`",
                    "the token that leads to the next page is what is kept between runs",
                );
                return None;
            }
            for (name, set) in [
                ("end_lag", written.end_lag.is_some()),
                ("overlap", written.overlap.is_some()),
                ("max_window", written.max_window.is_some()),
                ("retention", written.retention.is_some()),
                ("time_format", written.time_format != TimeFormat::default()),
                ("advance", written.advance != Advance::default()),
                ("order", written.order != Order::default()),
                ("granularity", written.granularity != Granularity::default()),
            ] {
                if set {
                    checker.error(
                        written.place(),
                        format!(
                            "`{name}` means nothing for a cursor by token, which has no windows"
                        ),
                    );
                }
            }
            let token = checker.path(token, &[Root::Record])?;
            Some(Cursor::Token(TokenCursor { token, id, start }))
        }
        _ => {
            checker.error_with(
                written.place(),
                "a cursor needs either `time` or `token`",
                "`time` is the path of a record's time, `token` the path of the page's token",
            );
            None
        }
    }
}

/// A cursor looks at the records of a page; where a split takes these apart
/// first, the schema says nothing about them.
fn check_schema(written: &written::Cursor, event: &EventSpec, checker: &mut Checker<'_>) {
    let Some(schema) = event.schema.as_ref().filter(|_| event.split.is_none()) else { return };
    for path in [&written.time, &written.id].into_iter().flatten() {
        // A path that is none is told where it is understood.
        if let Ok(found) = Path::parse(path, &[Root::Record]) {
            checker.open_in_schema(path.place(), &found, &schema.json);
        }
    }
}
