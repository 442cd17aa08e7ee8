//! How long a run may go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};

/// A deadline, if there is one, and a way to ask for an early end.
///
/// A run looks at it between pages: a page once begun is delivered and committed.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    deadline: Option<Timestamp>,
    stopped: Arc<AtomicBool>,
}

impl Budget {
    /// Returns the budget of a run that has to be over at `deadline`.
    pub fn until(deadline: Timestamp) -> Budget {
        Budget { deadline: Some(deadline), ..Budget::default() }
    }

    /// Asks every run with this budget to end after the page at hand.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Returns whether another page may be begun at `now`, if it takes as long as the slowest so
    /// far.
    pub(crate) fn allows(&self, now: Timestamp, slowest: SignedDuration) -> bool {
        !self.stopped.load(Ordering::Relaxed)
            && self.deadline.is_none_or(|deadline| deadline.duration_since(now) > slowest)
    }
}
