//! How much memory the bodies of requests may take together.
//!
//! A body takes its bytes as they arrive. So a sender that announces a large body and sends nothing takes
//! nothing from anybody, and the bound is on what is really held. If nothing is free, a body waits; and
//! since all that wait may hold a part of what the others wait for, one of them may always go on beyond
//! the bound. It ends, and the next may. So nothing can be stuck, and at most one body is held too much.

use std::time::Duration;

use mef_pipeline::{MAX_DECODED, is_packed};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

/// The memory for bodies.
pub(super) struct Room {
    /// A permit is a byte.
    free: Semaphore,
    /// The one that may go on beyond.
    beyond: Semaphore,
    wait: Duration,
}

/// What one body holds, until this is dropped.
pub(super) struct Share<'r> {
    room: &'r Room,
    bytes: Option<SemaphorePermit<'r>>,
    beyond: Option<SemaphorePermit<'r>>,
}

/// Nothing was free for too long.
pub(super) struct NoRoom;

impl Room {
    /// Returns room for `bytes` bytes, for which a body waits at most for `wait`.
    pub(super) fn new(bytes: usize, wait: Duration) -> Room {
        let free = Semaphore::new(bytes.min(Semaphore::MAX_PERMITS));
        Room { free, beyond: Semaphore::new(1), wait }
    }

    /// Returns the share of a body of which nothing has come.
    pub(super) fn share(&self) -> Share<'_> {
        Share { room: self, bytes: None, beyond: None }
    }
}

impl Share<'_> {
    /// Takes `bytes` more, and waits for them until `deadline` at the latest.
    pub(super) async fn take(&mut self, bytes: usize, deadline: Instant) -> Result<(), NoRoom> {
        if self.beyond.is_some() {
            return Ok(());
        }
        let many = u32::try_from(bytes).unwrap_or(u32::MAX);
        let either = async {
            tokio::select! {
                // What is free first.
                biased;
                Ok(taken) = self.room.free.acquire_many(many) => match &mut self.bytes {
                    Some(bytes) => bytes.merge(taken),
                    none => *none = Some(taken),
                },
                Ok(beyond) = self.room.beyond.acquire() => self.beyond = Some(beyond),
            }
        };
        let until = deadline.min(Instant::now() + self.room.wait);
        timeout_at(until, either).await.map_err(|_| NoRoom)
    }

    /// Takes what `body` may decompress to, if it is compressed: that is held while its records are
    /// delivered.
    pub(super) async fn take_decoded(
        &mut self,
        body: &[u8],
        deadline: Instant,
    ) -> Result<(), NoRoom> {
        match is_packed(body) {
            true => self.take(MAX_DECODED, deadline).await,
            false => Ok(()),
        }
    }
}
