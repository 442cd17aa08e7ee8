//! Which ids a later read may bring again.

use jiff::Timestamp;

/// How many of the latest ids are kept where the cursor follows the records, besides those that a
/// later read asks for by time: enough for a page that is given twice.
pub(crate) const LATEST: usize = 1_000;

/// Which ids a later read may bring again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needed {
    /// Those from this moment on: the next window begins there.
    pub(crate) from: Timestamp,
    /// While the window is open, also ids up to this time: they are in the overlap with the window
    /// before.
    pub(crate) open_overlap_to: Option<Timestamp>,
    /// Also this many of the latest ids, whatever their time: a vendor that takes no upper bound may give
    /// again what it has just given.
    pub(crate) latest: usize,
}

impl Needed {
    /// Returns whether an id with this time is needed.
    pub(crate) fn includes(&self, time_ms: i64) -> bool {
        time_ms >= self.from.as_millisecond()
            || self.open_overlap_to.is_some_and(|to| time_ms <= to.as_millisecond())
    }

    /// Returns whether it includes what `before` did not.
    pub(crate) fn is_wider(&self, before: &Needed) -> bool {
        self.from < before.from
            || self.open_overlap_to > before.open_overlap_to
            || self.latest > before.latest
    }
}
