//! The clock of this machine.
#![expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_ports::Clock;

/// The clock of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
