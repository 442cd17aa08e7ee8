//! By how much a source is worse than it may be, as one number for every kind of cursor. So one alarm can look at all
//! sources of a stack, whatever their schedules.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mef_source::checked::Poll;

use crate::poller::Poller;
use crate::work::report::{RunEnd, RunError, RunReport};

/// What is known of a source that fails and that never had a good run.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(1);

impl Poller {
    /// Returns by how much the source is further behind after `report` than it may be, or fails for longer; `None`
    /// if nobody has to look.
    pub fn behind(&self, report: &RunReport) -> Option<SignedDuration> {
        behind(&self.poll, report, self.ports.clock.now())
    }
}

fn behind(poll: &Poll, report: &RunReport, now: Timestamp) -> Option<SignedDuration> {
    let past = |time: SignedDuration, most: Duration| {
        let most = SignedDuration::try_from(most).unwrap_or(SignedDuration::MAX);
        Some(time.saturating_sub(most)).filter(|past| past.is_positive())
    };
    let by_lag = report.lag.zip(poll.most_lag()).and_then(|(lag, most)| past(lag, most));
    let failing = report.summary.failing_since.map(|since| now.duration_since(since));
    let by_failing = failing.and_then(|time| past(time, poll.longest_failing()));
    // Nothing was stored by which the next run could tell how long it has failed. A store that was away for a
    // moment is no fault of the source.
    let never_begins = match &report.end {
        RunEnd::Failed(error) => {
            failing.is_none() && report.done.is_none() && !matches!(error, RunError::Store(_))
        }
        _ => false,
    };
    by_lag.max(by_failing).max(never_begins.then_some(AT_ONCE))
}

#[cfg(test)]
mod tests {
    use mef_ports::{Position, RunSummary, StoreError, StreamKey};

    use super::*;
    use crate::work::report::RunEnd::{CaughtUp, Failed};

    fn poll(request: &str, cursor: &str) -> Poll {
        let file = format!(
            "
source: acme
poll:
  schedule: rate(1 minute)
  request: {{ get: https://api.example.com/events, query: {{ {request} }} }}
  records: items
  cursor: {{ {cursor} }}
"
        );
        mef_source::load(&file, &|_| Err(String::new())).unwrap().source.poll.unwrap()
    }

    fn by_time() -> Poll {
        let request = r#"since: "{window.start|rfc3339}", until: "{window.end|rfc3339}""#;
        poll(request, "time: t, id: id, start: 1h, end_lag: 60s")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn report(end: RunEnd, lag: Option<i64>, failing_since: Option<i64>) -> RunReport {
        RunReport {
            stream: StreamKey { source: "acme".to_owned(), partition: String::new() },
            end,
            summary: RunSummary { failing_since: failing_since.map(at), ..RunSummary::default() },
            done: lag.map(|_| Position::Time(at(0))),
            lag: lag.map(SignedDuration::from_secs),
        }
    }

    fn seconds(poll: &Poll, report: &RunReport) -> Option<i64> {
        behind(poll, report, at(10_000)).map(|behind| behind.as_secs())
    }

    #[test]
    fn a_lag_counts_from_what_the_file_allows() {
        // An hour, and the minute that is left for later.
        assert_eq!(seconds(&by_time(), &report(CaughtUp, Some(3_660), None)), None);
        assert_eq!(seconds(&by_time(), &report(CaughtUp, Some(3_670), None)), Some(10));
        assert_eq!(seconds(&by_time(), &report(CaughtUp, None, None)), None);
    }

    #[test]
    fn a_cursor_without_a_time_is_behind_as_long_as_it_fails() {
        let by_id = poll(r#"after: "{cursor.id}""#, "id: id, order: ascending");
        let failed = |since| report(Failed(RunError::Loop("x")), None, since);
        assert_eq!(seconds(&by_id, &failed(Some(10_000 - 900))), None);
        assert_eq!(seconds(&by_id, &failed(Some(10_000 - 1_000))), Some(100));
    }

    #[test]
    fn one_that_never_begins_is_told_at_once_and_an_absent_store_is_not() {
        assert_eq!(seconds(&by_time(), &report(Failed(RunError::Loop("x")), None, None)), Some(1));
        let away =
            RunError::Store(StoreError::new("lease a cursor", std::io::Error::other("away")));
        assert_eq!(seconds(&by_time(), &report(Failed(away), None, None)), None);
    }
}
