//! What is kept beside each id that a run knows, in eight bytes.

use crate::news::seen::twins::Content;

/// The latest time that fits: in the year 2109.
const LATEST_MS: u64 = (1 << (64 - Content::BITS)) - 1;

/// A record's time in milliseconds since the epoch, and the content of the first record of the
/// reading that has the id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry(u64);

impl Entry {
    pub(crate) fn new(time_ms: i64, content: Content) -> Entry {
        let mut entry = Entry(content.bits().into());
        entry.set_time_ms(time_ms);
        entry
    }

    /// Returns the time; one that does not fit is the nearest that does.
    pub(crate) fn time_ms(&self) -> i64 {
        i64::try_from(self.0 >> Content::BITS).unwrap_or(i64::MAX)
    }

    pub(crate) fn set_time_ms(&mut self, time_ms: i64) {
        let time_ms = u64::try_from(time_ms).unwrap_or_default().min(LATEST_MS);
        self.0 = time_ms << Content::BITS | u64::from(self.content().bits());
    }

    pub(crate) fn content(&self) -> Content {
        let bits = self.0 & ((1 << Content::BITS) - 1);
        Content::from_bits(u32::try_from(bits).unwrap_or_default())
    }

    pub(crate) fn set_content(&mut self, content: Content) {
        self.0 = self.0 >> Content::BITS << Content::BITS | u64::from(content.bits());
    }
}
