//! Sums of times and durations. They stop at the first or the last time that a
//! [`Timestamp`] can hold, so that a far moment is no error.

use jiff::{Timestamp, TimestampArithmetic};

/// Returns the time that is `duration` after `time`, or [`Timestamp::MAX`] if
/// that is too late to be held.
///
/// Give it a [`Duration`] or a [`jiff::SignedDuration`].
///
/// [`Duration`]: std::time::Duration
pub fn after(time: Timestamp, duration: impl Into<TimestampArithmetic>) -> Timestamp {
    // It fails only for spans of days or longer, whose length a time zone decides.
    time.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

/// Returns the time that is `duration` before `time`, or [`Timestamp::MIN`] if
/// that is too early to be held.
///
/// Give it a [`Duration`] or a [`jiff::SignedDuration`].
///
/// [`Duration`]: std::time::Duration
pub fn before(time: Timestamp, duration: impl Into<TimestampArithmetic>) -> Timestamp {
    time.saturating_sub(duration).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_sum_is_exact_and_stops_at_the_ends_of_time() {
        let now = Timestamp::from_second(1_795_514_400).unwrap();
        assert_eq!(after(now, Duration::from_nanos(1)).as_nanosecond(), now.as_nanosecond() + 1);
        assert_eq!(before(now, SignedDuration::from_secs(60)).as_second(), 1_795_514_340);
        assert_eq!(after(now, Duration::MAX), Timestamp::MAX);
        assert_eq!(before(now, Duration::MAX), Timestamp::MIN);
        assert_eq!(after(now, SignedDuration::MIN), Timestamp::MIN);
        assert_eq!(before(now, SignedDuration::MIN), Timestamp::MAX);
    }
}
