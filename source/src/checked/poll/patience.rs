//! How long nobody has to look: a vendor is late, a run is limited, and the next ones make up for it.

use std::time::Duration;

use super::Poll;
use crate::checked::Cursor;

const HOUR: Duration = Duration::from_secs(3_600);
/// The shortest time of failures that means something.
const SHORTEST: Duration = Duration::from_secs(900);

impl Poll {
    /// Returns how far the cursor may be behind the present before somebody has to look; `None` if it has no
    /// time.
    ///
    /// It is three missed runs, and at least an hour, on top of what the file leaves for later.
    pub fn most_lag(&self) -> Option<Duration> {
        let Cursor::Time(cursor) = &self.cursor else { return None };
        let unit = Some(cursor.granularity.unit()).filter(|unit| *unit >= HOUR).unwrap_or_default();
        let missed = self.schedule.saturating_mul(3).max(HOUR);
        Some(cursor.end_lag.saturating_add(missed).saturating_add(unit))
    }

    /// Returns for how long every run may fail before somebody has to look: two runs, and at least a quarter of
    /// an hour.
    pub fn longest_failing(&self) -> Duration {
        self.schedule.saturating_mul(2).max(SHORTEST)
    }
}
