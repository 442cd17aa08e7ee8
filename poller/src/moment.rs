//! Sums of moments and durations that stop at the edge of time instead of failing there.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Returns the moment that is `duration` later.
pub(crate) fn after(time: Timestamp, duration: Duration) -> Timestamp {
    time.checked_add(signed(duration)).unwrap_or(Timestamp::MAX)
}

/// Returns the moment that is `duration` earlier.
pub(crate) fn before(time: Timestamp, duration: Duration) -> Timestamp {
    time.checked_sub(signed(duration)).unwrap_or(Timestamp::MIN)
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
