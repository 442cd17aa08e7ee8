//! Keys and variables that only other kinds of cursor use.

use std::time::Duration;

use crate::checked::checker::Checker;
use crate::checked::poll::request::Requests;
use crate::path::Root;
use crate::written::{self, Advance, FiltersBy, Order, TimeFormat};

pub(crate) const DEFAULT_START: Duration = Duration::from_secs(86_400);

/// Reports keys, and variables in the request, that this kind of cursor does not use.
pub(crate) fn only(
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
        ("zone", written.zone.is_some()),
        ("granularity", written.granularity.is_some()),
        ("bounds", written.bounds.is_some()),
        ("filters_by", written.filters_by != FiltersBy::default()),
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
                format!("`{{{path}}}` has no value with a cursor by {kind}"),
                "the cursor's keys decide its kind, and the kind what a request can use",
            );
        }
    }
}
