//! Listings that have no place to go on at: every run reads all of them, or what
//! the vendor has left, which then keeps the place.

use super::{DEFAULT_START, ListingCursor, only};
use crate::Root;
use crate::checked::checker::Checker;
use crate::checked::poll::request::Requests;
use crate::written;

pub(crate) fn check(
    poll: &written::Poll,
    requests: &Requests<'_>,
    checker: &mut Checker<'_>,
) -> Option<ListingCursor> {
    let by_vendor = poll.cursor.listing.is_none();
    let (kind, variables): (_, &[_]) = match by_vendor {
        true => ("vendor", &[(Root::Cursor, "start"), (Root::Cursor, "ask")]),
        false => ("listing", &[(Root::Cursor, "start")]),
    };
    for flag in [&poll.cursor.listing, &poll.cursor.vendor].into_iter().flatten() {
        if !**flag {
            checker.error_with(
                flag.place(),
                format!("`{kind}: false` does not say how far a stream has been read"),
                format!("leave it out, or write `{kind}: true`"),
            );
        }
    }
    if by_vendor && !matches!(poll.next.as_deref(), Some(written::Next::Again(_))) {
        checker.error_with(
            poll.cursor.place(),
            "a vendor that keeps the place itself is asked for the same again",
            "write `next: { again: true }`, or say by `time`, `id`, `token` or `next_link` how far a stream has been read",
        );
    }
    only(kind, &[kind], variables, poll, requests, checker);
    let id = match &poll.cursor.id {
        None => None,
        Some(path) => Some(checker.path(path, &[Root::Record])?),
    };
    let start = checker.duration_or(poll.cursor.start.as_ref(), DEFAULT_START);
    Some(ListingCursor { id, start, by_vendor })
}
