//! Whether a page has come to the end of what a backfill reads.

/// Whether a page has come to records past the end. If records are out of order, only a page that
/// is all past it counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PageEnd {
    inside: bool,
    past: bool,
}

impl PageEnd {
    /// Notes a record of the page.
    pub(crate) fn note(&mut self, is_past: bool) {
        self.inside |= !is_past;
        self.past |= is_past;
    }

    /// Returns whether all of the page lies past the end.
    pub(crate) fn is_past(self) -> bool {
        self.past && !self.inside
    }
}
