//! A clock that moves only when a test says so.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mef_ports::Clock;

/// The clock of a test.
pub(crate) struct TestClock(Mutex<Timestamp>);

impl TestClock {
    pub(crate) fn new(now: Timestamp) -> TestClock {
        TestClock(Mutex::new(now))
    }

    pub(crate) fn set(&self, now: Timestamp) {
        *self.lock() = now;
    }

    /// Moves the clock on.
    pub(crate) fn pass(&self, duration: Duration) {
        let mut now = self.lock();
        let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        *now = now.checked_add(duration).unwrap_or(Timestamp::MAX);
    }

    fn lock(&self) -> MutexGuard<'_, Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.lock()
    }

    /// Moves on to a full second, so that the jitter of a backoff does not show in a test's result.
    async fn sleep(&self, duration: Duration) {
        let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
        self.pass(Duration::from_secs(whole));
    }
}
