//! Listings that have no place to go on at: every run reads all of them.

use super::{DEFAULT_START, ListingCursor, only};
use crate::Root;
use crate::checked::checker::Checker;
use crate::checked::request::Requests;
use crate::written::{self, Located};

pub(super) fn check(
    poll: &written::Poll,
    requests: &Requests<'_>,
    listing: &Located<bool>,
    checker: &mut Checker<'_>,
) -> Option<ListingCursor> {
    if !**listing {
        checker.error_with(
            listing.place(),
            "`listing: false` does not say how far a stream has been read",
            "leave it out, or write `listing: true`",
        );
    }
    only("listing", &["listing"], &[(Root::Cursor, "start")], poll, requests, checker);
    let id = match &poll.cursor.id {
        None => None,
        Some(path) => Some(checker.path(path, &[Root::Record])?),
    };
    let start = checker.duration_or(poll.cursor.start.as_ref(), DEFAULT_START);
    Some(ListingCursor { id, start })
}
