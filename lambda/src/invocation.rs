//! One call of a function: what it is given and what it gives back, apart from
//! its event.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::metrics::Metrics;

/// What is left for the commit, the answer and the logs when the work stops.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// What a function is told about one call besides its event.
#[derive(Clone, Copy, Debug)]
pub struct Invocation {
    /// When Lambda ends it.
    pub deadline: Timestamp,
}

impl Invocation {
    /// When work that comes in steps has to stop: 10 s before the end, or half
    /// way to it where a function is given less than 20 s.
    pub fn stop_at(&self, now: Timestamp) -> Timestamp {
        let left = self.deadline.duration_since(now).max(SignedDuration::ZERO);
        let margin = MARGIN.min(left / 2);
        self.deadline.checked_sub(margin).unwrap_or(Timestamp::MIN)
    }
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// What the caller gets, or why the call counts as failed.
    pub output: Result<Value, Failed>,
    /// What it counted, if anything.
    pub metrics: Option<Metrics>,
}

/// The call counts as failed, so that Lambda's own metric and its alarm see it.
/// The error is in the log; this is only its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The event is not one that the role understands.
    #[error("the event is not understood: see the log")]
    Event,
    /// There is no such source, or it is not pulled, or its file does not load.
    #[error("the source cannot be used: see the log")]
    Source,
    /// The run failed.
    #[error("the run failed: see the log")]
    Run,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_stops_ten_seconds_before_the_end_or_half_way_to_it() {
        let now = Timestamp::UNIX_EPOCH;
        let stop = |seconds: i64| {
            let deadline = Timestamp::from_second(seconds).unwrap();
            Invocation { deadline }.stop_at(now).as_second()
        };
        assert_eq!(stop(900), 890);
        assert_eq!(stop(20), 10);
        assert_eq!(stop(6), 3);
        assert_eq!(stop(-5), -5);
    }
}
