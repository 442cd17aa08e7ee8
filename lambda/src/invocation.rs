//! One call of a function: its deadline, its output and its metrics.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::metrics::Metrics;

/// The time left for the commit, the output and the logs when the work stops.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// What a function knows about one call besides its event.
#[derive(Clone, Copy, Debug)]
pub struct Invocation {
    /// When Lambda ends it.
    pub deadline: Timestamp,
}

impl Invocation {
    /// Returns when the work has to stop: 10 s before the deadline, or half way to it if less than 20 s are
    /// left.
    pub fn stop_at(&self, now: Timestamp) -> Timestamp {
        let left = self.deadline.duration_since(now).max(SignedDuration::ZERO);
        let margin = MARGIN.min(left / 2);
        self.deadline.checked_sub(margin).unwrap_or(Timestamp::MIN)
    }
}

/// The result of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// What the caller gets, or why the call failed.
    pub output: Result<Value, Failed>,
    /// Its metrics, if there are any.
    pub metrics: Option<Metrics>,
}

/// Why a call failed, for Lambda's own metric and its alarm. The error itself is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The role does not understand the event.
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
