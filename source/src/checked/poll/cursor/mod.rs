//! What `cursor` means: how far a stream has been read.
//!
//! Each kind of cursor needs something else in the request, and most keys mean
//! something for one kind only. Whoever writes a key relies on it, so one that does
//! nothing is an error.

mod asked;
mod by_id;
mod excluded;
mod follow;
mod listing;
mod only;
mod pace;
mod reader;
mod record_id;
mod time;

pub use asked::Asked;
pub use by_id::IdCursor;
pub(crate) use follow::rewrite;
pub use follow::{Follow, NextLinkCursor, RestartAt, TokenCursor};
pub use listing::ListingCursor;
pub(crate) use pace::check_pace;
pub use record_id::RecordId;
pub use time::TimeCursor;

use crate::checked::checker::{Checker, Told};
use crate::checked::event::EventSpec;
use crate::checked::event::closed_schema::open_in_schema;
use crate::checked::poll::request::Requests;
use crate::path::{Path, Root};
use crate::template::Template;
use crate::written::{self, Advance};

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
    /// By nothing: every run reads the whole listing, or what the vendor has not yet
    /// given.
    Listing(ListingCursor),
}

impl Cursor {
    /// Returns the kind of the cursor in words.
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

    /// Returns whether the vendor keeps the position.
    pub fn is_by_vendor(&self) -> bool {
        matches!(self, Cursor::Listing(ListingCursor { by_vendor: true, .. }))
    }

    /// Returns what a run does with the vendor's token or link, if that is what is kept.
    pub fn follow(&self) -> Option<&Follow> {
        match self {
            Cursor::Token(TokenCursor { follow })
            | Cursor::NextLink(NextLinkCursor { follow, .. }) => Some(follow),
            Cursor::Time(_) | Cursor::Id(_) | Cursor::Listing(_) => None,
        }
    }

    /// Returns the cursor if it is by the vendor's link.
    pub fn next_link(&self) -> Option<&NextLinkCursor> {
        let Cursor::NextLink(cursor) = self else { return None };
        Some(cursor)
    }

    /// Returns whether the cursor moves even if there are no records.
    pub fn moves_without_records(&self) -> bool {
        match self {
            Cursor::Time(cursor) => cursor.advance == Advance::WindowEnd,
            // A listing moves only once it has been read to its end, however long that takes.
            Cursor::Token(_) | Cursor::NextLink(_) | Cursor::Id(_) | Cursor::Listing(_) => false,
        }
    }

    /// Returns where a record has its time and its id. An id that is made of several values is left
    /// out: some of them may be missing.
    pub(crate) fn record_paths(&self) -> impl Iterator<Item = &Path> {
        let time = match self {
            Cursor::Token(_) | Cursor::NextLink(_) => {
                self.follow().and_then(|follow| follow.time.as_ref())
            }
            Cursor::Time(cursor) => cursor.time.as_ref(),
            Cursor::Id(cursor) => cursor.time.as_ref(),
            Cursor::Listing(_) => None,
        };
        let id = self.id().and_then(|id| match id {
            RecordId::Path(path) => Some(path),
            RecordId::Template(..) => None,
        });
        time.into_iter().chain(id)
    }

    /// Returns what names a record.
    pub fn id(&self) -> Option<&RecordId> {
        match self {
            Cursor::Token(_) | Cursor::NextLink(_) => self.follow()?.id.as_ref(),
            Cursor::Time(cursor) => cursor.id.as_ref(),
            Cursor::Id(cursor) => Some(&cursor.id),
            Cursor::Listing(cursor) => cursor.id.as_ref(),
        }
    }
}

pub(crate) fn check(
    poll: &written::Poll,
    requests: &Requests<'_>,
    rewrite: Vec<(String, Template)>,
    event: &EventSpec,
    checker: &mut Checker<'_>,
) -> Result<Cursor, Told> {
    let written = &poll.cursor;
    // With details, the schema is not about what a page lists.
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
            Err(checker.error_with(
                written.place(),
                "a cursor needs one of `time`, `windows`, `id`, `token`, `next_link`, `vendor` and `listing`",
                "`time` and `id` are paths in a record, `token` is the path of the page's token, \
                 `next_link` keeps the link to the next page, `windows: true` reads window after window \
                 what has no time, `vendor: true` leaves the place to the vendor, and `listing: true` reads all of it each time",
            ))
        }
    }
}

/// Reports paths that the schema rules out. With a split, the schema is not about the
/// records of a page, which the cursor reads.
fn check_schema(written: &written::Cursor, event: &EventSpec, checker: &mut Checker<'_>) {
    let Some(schema) = event.schema.as_ref().filter(|_| event.split.is_none()) else { return };
    if let Some(path) = &written.time
        // An invalid path is reported where it is read.
        && let Ok(found) = Path::parse(path, &[Root::Record])
    {
        open_in_schema(path.place(), &found, &schema.json, checker).ok();
    }
    let Some(id) = &written.id else { return };
    for path in record_id::paths_of(id) {
        open_in_schema(id.place(), &path, &schema.json, checker).ok();
    }
}
