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

/// When the next request may be made, and how long was waited so far. The streams of a source that are read at once
/// share it, and the vendor's limits that one of them meets.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    next: Option<Timestamp>,
    /// Until when the vendor wants no request of any stream.
    held: Option<Timestamp>,
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
        let now = clock.now();
        let wait = {
            let mut state = self.state();
            let next = state.next.filter(|_| spacing.is_some());
            let turn = [next, state.held].into_iter().flatten().fold(now, Timestamp::max);
            let wait = turn.duration_since(now);
            if wait > longest {
                return Err(turn);
            }
            state.next = spacing.map(|spacing| after(turn, spacing)).or(state.next);
            Duration::try_from(wait).unwrap_or_default()
        };
        self.wait(wait, clock).await;
        Ok(())
    }

    /// Holds every stream back until `until`.
    pub(crate) fn hold(&self, until: Timestamp) {
        let mut state = self.state();
        state.held = state.held.max(Some(until));
    }

    /// Forgets until when streams are held back: what lasts is stored by the credential.
    pub(crate) fn let_go(&self) {
        self.state().held = None;
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
