//! What a connection is doing, and since when.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::limits::Limits;

/// What a connection is doing.
pub(super) struct Turn {
    now: Mutex<Now>,
    changed: Notify,
    leave: Notify,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Now {
    doing: Doing,
    since: Instant,
    is_leaving: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// No byte of a request has come.
    Waiting,
    /// A part of a request's head has come.
    Head,
    /// A request's body is being read: it is timed there.
    Body,
    /// A request has come whole, and is being served.
    Serving,
}

/// Why a connection has waited long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// There is no request.
    Idle,
    /// There is a part of one.
    Head,
}

impl Turn {
    pub(super) fn new() -> Turn {
        let now = Now { doing: Doing::Waiting, since: Instant::now(), is_leaving: false };
        Turn { now: Mutex::new(now), changed: Notify::new(), leave: Notify::new() }
    }

    /// Notes that bytes have come.
    pub(super) fn heard(&self) {
        if self.now().doing == Doing::Waiting {
            self.go_on(Doing::Head);
        }
    }

    /// Notes that the head of a request has come.
    pub(super) fn begin(&self) {
        self.go_on(Doing::Body);
    }

    /// Notes that the body has come too.
    pub(super) fn serve(&self) {
        self.go_on(Doing::Serving);
    }

    /// Notes that the request is answered.
    pub(super) fn end(&self) {
        self.go_on(Doing::Waiting);
    }

    /// Returns whether there is a request, at least its head.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.now().doing, Doing::Body | Doing::Serving)
    }

    /// Returns whether the body of a request has taken longer than `limit` and is not whole yet.
    pub(super) fn is_slow(&self, limit: Duration) -> bool {
        let now = *self.now();
        now.doing == Doing::Body && now.since.elapsed() > limit
    }

    /// Waits until the sender has taken too long.
    pub(super) async fn overdue(&self, limits: &Limits) -> Overdue {
        loop {
            let now = *self.now();
            let (limit, overdue) = match now.doing {
                Doing::Waiting => (limits.idle, Overdue::Idle),
                Doing::Head => (limits.head, Overdue::Head),
                Doing::Body | Doing::Serving => {
                    self.changed.notified().await;
                    continue;
                }
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = sleep_until(now.since + limit) => {
                    if *self.now() == now {
                        return overdue;
                    }
                }
            }
        }
    }

    /// Waits until the connection has to go for another.
    pub(super) async fn has_to_leave(&self) {
        self.leave.notified().await;
    }

    /// Returns whether it was asked to go.
    pub(super) fn is_leaving(&self) -> bool {
        self.now().is_leaving
    }

    /// Asks the connection to go.
    pub(super) fn ask_to_leave(&self) {
        self.now().is_leaving = true;
        self.leave.notify_one();
    }

    fn go_on(&self, doing: Doing) {
        let mut now = self.now();
        (now.doing, now.since) = (doing, Instant::now());
        drop(now);
        self.changed.notify_one();
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
