//! Whether what an earlier run kept is still good for the requests of the source file.
//!
//! A place that the vendor named, a job and a wait belong to the request that led to them. A digest
//! of it is stored with each.

use mef_ports::{CursorRecord, StreamKey};
use mef_source::checked::Poll;

/// Returns whether `stored` is a digest of the request that `today` is a digest of.
///
/// A digest has its version before a colon. One without a version comes from an older program and
/// cannot be compared, so it counts as unchanged.
pub(crate) fn is_same(stored: &str, today: &str) -> bool {
    stored == today || is_outdated(stored, today)
}

fn is_outdated(stored: &str, today: &str) -> bool {
    !stored.contains(':') && today.contains(':')
}

/// Gives up what `record` kept under other requests than those of `poll`: a window or a pass is
/// read again from its beginning, so nothing is lost.
pub(crate) fn settle(record: &mut CursorRecord, poll: &Poll, stream: &StreamKey) {
    let today = &poll.request_digest;
    let open = record.open().map(|open| open.request_digest.as_str());
    let page = open.or(record.pass().map(|pass| pass.request_digest.as_str()));
    let setup = record.setup.as_ref().map(|setup| setup.request_digest.as_str());
    let wait = record.wait.as_ref().map(|wait| wait.request_digest.as_str());
    let link = record.link_request().zip(poll.cursor.next_link().map(|cursor| &*cursor.digest));
    let kept = [page, setup, wait].into_iter().flatten().map(|stored| (stored, &**today));
    if kept.chain(link).any(|(stored, today)| is_outdated(stored, today)) {
        tracing::info!(
            source.id = %stream,
            "the cursor was stored by an earlier version: its request counts as unchanged"
        );
    }
    let has_changed = |stored: &str| !is_same(stored, today);
    if page.is_some_and(has_changed) {
        record.read_again();
    }
    record.setup.take_if(|setup| has_changed(&setup.request_digest));
    record.wait.take_if(|wait| has_changed(&wait.request_digest));
    record.keep_under(today);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_without_a_version_says_nothing_and_one_with_it_says_what_changed() {
        for (stored, today, same) in [
            ("1:9f77", "1:9f77", true),
            ("1:9f77", "1:0000", false),
            ("1:9f77", "2:9f77", false),
            ("9f77", "1:0000", true),
        ] {
            assert_eq!(is_same(stored, today), same, "{stored} {today}");
        }
    }
}
