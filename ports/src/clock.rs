//! Time, as a port: a test or an offline judgement sets it.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

/// Where "now" comes from and how waiting is done.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Waits until `duration` has passed on this clock.
    async fn sleep(&self, duration: Duration);
}
