//! What the last runs did, kept with the cursor for a person who asks why it stands where it
//! stands.
//!
//! It is written with every commit, so it is short: runs that changed nothing are left out, and an
//! error that comes again is kept once.

use mef_ports::{CursorRecord, PastRun, Position};

/// How many runs the history of a cursor keeps.
pub const MOST_PAST_RUNS: usize = 20;
/// The longest error, in characters. One is a sentence or two, but a vendor may have made it
/// longer.
const LONGEST_ERROR: usize = 300;

/// Notes the last run of `record` in its history. `done_before` is where the cursor stood when the
/// run began.
pub(crate) fn note(record: &mut CursorRecord, done_before: Option<&Position>) {
    let Some(run) = &record.last_run else { return };
    let Some(ended) = run.ended else { return };
    let error: Option<String> =
        run.error.as_ref().map(|error| error.chars().take(LONGEST_ERROR).collect());
    if run.delivered == 0 && run.rejected == 0 && error.is_none() {
        return;
    }
    let past = PastRun {
        ended,
        done: record.done().cloned(),
        delivered: run.delivered,
        rejected: run.rejected,
        error,
        put_off: record.next_run.is_some(),
    };
    let again = past.error.is_some() && record.done() == done_before;
    if again && record.history.last().is_some_and(|last| last.error == past.error) {
        record.history.pop();
    }
    record.history.push(past);
    let surplus = record.history.len().saturating_sub(MOST_PAST_RUNS);
    record.history.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mef_ports::RunSummary;

    use super::*;

    fn after(record: &mut CursorRecord, second: i64, delivered: u64, error: Option<&str>) {
        let before = record.done().cloned();
        let ended = Timestamp::from_second(second).unwrap();
        if delivered > 0 {
            let history = std::mem::take(&mut record.history);
            *record = CursorRecord::at(Position::Time(ended));
            record.history = history;
        }
        let error = error.map(str::to_owned);
        let run = RunSummary { ended: Some(ended), delivered, error, ..RunSummary::default() };
        record.last_run = Some(run);
        note(record, before.as_ref());
    }

    #[test]
    fn what_changed_nothing_is_left_out_and_the_rest_is_bounded() {
        let mut record = CursorRecord::default();
        after(&mut record, 1, 0, None);
        assert!(record.history.is_empty());
        after(&mut record, 2, 5, None);
        after(&mut record, 3, 0, Some("away"));
        after(&mut record, 4, 0, Some("away"));
        after(&mut record, 5, 0, Some(&"x".repeat(1_000)));
        let seen: Vec<_> = record.history.iter().map(|run| run.ended.as_second()).collect();
        assert_eq!(seen, [2, 4, 5]);
        assert_eq!(record.history[2].error.as_ref().map(String::len), Some(LONGEST_ERROR));
        (6..100).for_each(|second| after(&mut record, second, 1, None));
        assert_eq!(
            (record.history.len(), record.history[0].ended.as_second()),
            (MOST_PAST_RUNS, 80)
        );
    }
}
