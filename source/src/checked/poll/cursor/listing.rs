//! Listings without a position: every run reads the whole listing, or, if
//! the vendor keeps the position, what it has not returned yet.

use std::time::Duration;

use super::only::{DEFAULT_START, only};
use super::record_id::{RecordId, record_id};
use crate::checked::checker::{Checker, Told};
use crate::checked::poll::request::Requests;
use crate::path::Root;
use crate::written::{self};

/// A listing that every run reads from its first page to its last.
#[derive(Clone, Debug)]
pub struct ListingCursor {
    /// What names a record, by which it is recognised.
    pub id: Option<RecordId>,
    /// How far back every run begins, if the request says so: `{cursor.start}`.
    pub start: Duration,
    /// Whether the vendor knows what it gave already. Only the first run then begins at
    /// `start`; later ones request the rest, `{cursor.ask}`.
    pub by_vendor: bool,
}

pub(crate) fn check(
    poll: &written::Poll,
    requests: &Requests<'_>,
    checker: &mut Checker<'_>,
) -> Result<ListingCursor, Told> {
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
    let id = record_id(poll.cursor.id.as_ref(), checker)?;
    let start = checker.duration_or(poll.cursor.start.as_ref(), DEFAULT_START);
    Ok(ListingCursor { id, start, by_vendor })
}
