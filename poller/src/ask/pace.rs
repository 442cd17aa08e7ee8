//! Our own rate, for a vendor that refuses requests that come too fast and does not say how fast
//! that is.
//!
//! Requests are spread evenly. That is as fast as the rate allows over any longer time, and never a
//! burst. A wait of more than a few seconds ends the run: nobody pays for a function that sleeps.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mef_ports::Clock;
use mef_ports::moment::after;

/// When the next request may be made, and how long was waited so far.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    next: Option<Timestamp>,
    waited: Duration,
}

impl Pace {
    /// Waits for the turn of one request, `spacing` after the one before. If that is further off
    /// than `longest`, returns the moment as the error.
    pub(crate) async fn take_turn(
        &self,
        spacing: Option<Duration>,
        clock: &dyn Clock,
        longest: SignedDuration,
    ) -> Result<(), Timestamp> {
        let Some(spacing) = spacing else { return Ok(()) };
        let now = clock.now();
        let wait = {
            let mut state = self.state();
            let turn = state.next.map_or(now, |next| next.max(now));
            let wait = turn.duration_since(now);
            if wait > longest {
                return Err(turn);
            }
            state.next = Some(after(turn, spacing));
            Duration::try_from(wait).unwrap_or_default()
        };
        self.wait(wait, clock).await;
        Ok(())
    }

    /// Waits and counts the wait.
    pub(crate) async fn wait(&self, wait: Duration, clock: &dyn Clock) {
        if !wait.is_zero() {
            self.state().waited += wait;
            clock.sleep(wait).await;
        }
    }

    /// Returns when the next request may be made, if that is after `now`.
    pub(crate) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        self.state().next.filter(|next| *next > now)
    }

    /// Returns how long was waited since the last call.
    pub(crate) fn take_waited(&self) -> Duration {
        std::mem::take(&mut self.state().waited)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
