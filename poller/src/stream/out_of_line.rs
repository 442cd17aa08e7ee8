//! Records whose time does not fit the place where they stand: a sender's clock was wrong.

use std::time::Duration;

use jiff::Timestamp;
use mef_ports::moment::after;

use crate::news::known::Known;
use crate::page::record::Record;

/// By how much a vendor's clock may be ahead of ours. What comes within it is left for a later read;
/// to wait for anything later would take as long as its sender's clock is wrong.
const MOST_AHEAD: Duration = Duration::from_secs(5 * 60);

/// Returns whether a record with this time is from a clock that is wrong: it is delivered as it comes,
/// and the cursor does not follow it.
pub(super) fn is_ahead(time: Timestamp, now: Timestamp) -> bool {
    time > after(now, MOST_AHEAD)
}

/// The records since the last new one that are older than what is asked for, where nothing but the
/// order keeps them out. If a newer one follows, they are as new as that, on whatever page it stands.
#[derive(Default)]
pub(super) struct Older(Vec<(Record, Known)>);

impl Older {
    pub(super) fn push(&mut self, record: Record, known: Known) {
        self.0.push((record, known));
    }

    /// Returns what stands before a newer record.
    pub(super) fn among_newer(&mut self) -> Vec<(Record, Known)> {
        std::mem::take(&mut self.0)
    }
}
