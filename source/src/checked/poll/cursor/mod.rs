//! What the `cursor` of a `poll` means.
//!
//! Each kind relies on something else in the request, and most keys mean
//! something for one kind only. A key that does nothing would be trusted by
//! whoever wrote it, so it is a mistake.

mod by_id;
mod follow;
mod listing;
mod pace;
mod time;

use std::time::Duration;

use crate::checked::checker::Checker;
use crate::checked::event::EventSpec;
use crate::checked::poll::request::Requests;
use crate::written::{self, Advance, Granularity, Located, Order, RestartFrom, TimeFormat};
use crate::{Path, Root, Template};

pub(crate) use follow::rewrite;
pub(crate) use pace::check_pace;

const DEFAULT_START: Duration = Duration::from_secs(86_400);

/// How far a stream has been read.
#[derive(Clone, Debug)]
pub enum Cursor {
    /// By the records' time, in windows.
    Time(TimeCursor),
    /// By the vendor's token.
    Token(TokenCursor),
    /// By the vendor's link to what comes next.
    NextLink(NextLinkCursor),
    /// By the records' id, or by their time and id together.
    Id(IdCursor),
    /// By nothing: every run reads the whole listing, or what the vendor has left
    /// of it.
    Listing(ListingCursor),
}

impl Cursor {
    /// What the cursor is, in words: what is written in the source file.
    pub fn kind(&self) -> &'static str {
        match self {
            Cursor::Time(_) => "time",
            Cursor::Token(_) => "token",
            Cursor::NextLink(_) => "next link",
            Cursor::Id(IdCursor { time: None, .. }) => "id",
            Cursor::Id(_) => "time and id",
            Cursor::Listing(_) if self.is_by_vendor() => "vendor",
            Cursor::Listing(_) => "listing",
        }
    }

    /// Whether the vendor keeps the place.
    pub fn is_by_vendor(&self) -> bool {
        matches!(self, Cursor::Listing(ListingCursor { by_vendor: true, .. }))
    }

    /// Where a record's id is.
    pub fn id(&self) -> Option<&Path> {
        match self {
            Cursor::Time(cursor) => cursor.id.as_ref(),
            Cursor::Token(cursor) => cursor.follow.id.as_ref(),
            Cursor::NextLink(cursor) => cursor.follow.id.as_ref(),
            Cursor::Id(cursor) => Some(&cursor.id),
            Cursor::Listing(cursor) => cursor.id.as_ref(),
        }
    }
}

/// A cursor by the records' time.
#[derive(Clone, Debug)]
pub struct TimeCursor {
    /// Where a record's time is; nothing where records have none.
    pub time: Option<Path>,
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
    /// Whether the request says where the window starts. If not, pages are
    /// followed until their records are older.
    pub lower_bound: bool,
}

/// A cursor by the vendor's token.
#[derive(Clone, Debug)]
pub struct TokenCursor {
    /// What it has in common with other places that the vendor names.
    pub follow: Follow,
}

/// A cursor by the vendor's link to what comes next.
#[derive(Clone, Debug)]
pub struct NextLinkCursor {
    /// Query parameters that a later run puts into the kept link; one whose
    /// value is nothing or empty is dropped from it.
    pub rewrite: Vec<(String, Template)>,
    /// A digest of all that makes a request except what is rewritten: a link
    /// kept under another one is not followed.
    pub digest: String,
    /// What it has in common with other places that the vendor names.
    pub follow: Follow,
}

/// What a run does with a place in the stream that only the vendor
/// understands.
#[derive(Clone, Debug)]
pub struct Follow {
    /// Where a record's id is.
    pub id: Option<Path>,
    /// Where a record's time is.
    pub time: Option<Path>,
    /// How it is written.
    pub time_format: TimeFormat,
    /// How far back the first run begins: `{cursor.start}`.
    pub start: Duration,
    /// What to do when the vendor refuses the place.
    pub restart: Option<RestartAt>,
    /// How far back the vendor keeps records.
    pub retention: Option<Duration>,
}

/// Where reading begins again when the place that was kept is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartAt {
    /// From where.
    pub from: RestartFrom,
    /// How much before that.
    pub overlap: Duration,
}

/// A cursor by the records' id, or by their time and id together.
#[derive(Clone, Debug)]
pub struct IdCursor {
    /// Where a record's id is.
    pub id: Path,
    /// Where a record's time is, for a cursor by both.
    pub time: Option<Path>,
    /// How it is written.
    pub time_format: TimeFormat,
    /// In which order records come.
    pub order: Order,
    /// How far back the first run begins: `{cursor.time}`, `{cursor.start}`.
    pub start: Duration,
    /// How much of the newest time is left for later.
    pub end_lag: Duration,
    /// Whether the request says where to go on. If not, pages are followed
    /// until their records are older.
    pub lower_bound: bool,
}

/// A listing that every run reads from its first page to its last.
#[derive(Clone, Debug)]
pub struct ListingCursor {
    /// Where a record's id is, by which it is known again.
    pub id: Option<Path>,
    /// How far back every run begins, where the vendor is asked for that: `{cursor.start}`.
    pub start: Duration,
    /// The vendor itself knows what of it was given: only the first run asks from
    /// `start` on, and a later one for what is left, `{cursor.ask}`.
    pub by_vendor: bool,
}

pub(crate) fn check(
    poll: &written::Poll,
    requests: &Requests<'_>,
    rewrite: Vec<(String, Template)>,
    event: &EventSpec,
    checker: &mut Checker<'_>,
) -> Option<Cursor> {
    let written = &poll.cursor;
    check_time_format(&written.time_format, checker);
    // Of what a page lists, an event's schema says nothing.
    if poll.details.is_empty() {
        check_schema(written, event, checker);
    }
    if written.listing.is_some() || written.vendor.is_some() {
        return listing::check(poll, requests, checker).map(Cursor::Listing);
    }
    match (&written.token, &written.next_link, &written.time, &written.id) {
        (Some(token), None, ..) => follow::token(poll, requests, token, checker).map(Cursor::Token),
        (None, Some(_), ..) => {
            follow::next_link(poll, requests, rewrite, checker).map(Cursor::NextLink)
        }
        (None, None, Some(_), Some(id)) if requests.uses(Root::Cursor, "id") => {
            by_id::check(poll, requests, id, checker).map(Cursor::Id)
        }
        (None, None, Some(_), _) => time::check(poll, requests, checker).map(Cursor::Time),
        (None, None, None, _) if written.windows.is_some() => {
            time::check(poll, requests, checker).map(Cursor::Time)
        }
        (None, None, None, Some(id)) => by_id::check(poll, requests, id, checker).map(Cursor::Id),
        _ => {
            checker.error_with(
                written.place(),
                "a cursor needs one of `time`, `windows`, `id`, `token`, `next_link`, `vendor` and `listing`",
                "`time` and `id` are paths in a record, `token` is the path of the page's token, \
                 `next_link` keeps the link to the next page, `windows: true` reads window after window \
                 what has no time, `vendor: true` leaves the place to the vendor, and `listing: true` reads all of it each time",
            );
            None
        }
    }
}

/// Refuses what this kind of cursor would not look at: keys, and variables in
/// the request.
fn only(
    kind: &str,
    keys: &[&str],
    variables: &[(Root, &str)],
    poll: &written::Poll,
    requests: &Requests<'_>,
    checker: &mut Checker<'_>,
) {
    let written = &poll.cursor;
    let set = [
        ("time", written.time.is_some()),
        ("windows", written.windows.is_some()),
        ("token", written.token.is_some()),
        ("next_link", written.next_link.is_some()),
        ("listing", written.listing.is_some()),
        ("vendor", written.vendor.is_some()),
        ("restart", written.restart.is_some()),
        ("end_lag", written.end_lag.is_some()),
        ("overlap", written.overlap.is_some()),
        ("max_window", written.max_window.is_some()),
        ("retention", written.retention.is_some()),
        ("time_format", *written.time_format != TimeFormat::default()),
        ("advance", written.advance != Advance::default()),
        ("order", written.order != Order::default()),
        ("granularity", written.granularity != Granularity::default()),
    ];
    for (name, is_set) in set {
        if is_set && !keys.contains(&name) {
            checker.error_with(
                written.place(),
                format!("`{name}` means nothing for a cursor by {kind}"),
                "leave it out",
            );
        }
    }
    let known = [Root::Cursor, Root::Window];
    for path in requests.paths() {
        let used = (path.root(), path.name());
        if known.contains(&used.0) && !variables.contains(&used) {
            checker.error_with(
                written.place(),
                format!("`{{{path}}}` stands for nothing with a cursor by {kind}"),
                "the cursor's keys decide its kind, and the kind what a request can use",
            );
        }
    }
}

fn check_time_format(format: &Located<TimeFormat>, checker: &mut Checker<'_>) {
    let TimeFormat::Strftime(text) = &**format else { return };
    if !text.contains('%') {
        checker.error_with(
            format.place(),
            format!("there is no time format `{text}`"),
            "write `auto`, `rfc3339`, `epoch`, `epoch_ms`, `epoch_us`, `epoch_ns`, or a strftime format such as `%m/%d/%Y %H:%M:%S`",
        );
    } else if !format.reads_what_it_writes() {
        checker.error_with(
            format.place(),
            format!("no time can be read by the format `{text}`"),
            TimeFormat::NEEDED,
        );
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
