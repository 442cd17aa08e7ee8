//! Reading a stretch of the past beside the live cursor.
//!
//! A backfill is the same engine on a stream of its own: its cursor, its lease
//! and its ids are its own, so that nothing it does can move the live ones. Its
//! events have the ids that the live poll gives them, by which a consumer
//! knows what it has.

use std::time::Duration;

use jiff::Timestamp;
use mef_ports::{CursorRecord, Position};
use mef_source::checked::{Advance, Cursor, TimeCursor};

use crate::poller::Poller;
use crate::window;

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    from: Timestamp,
    to: Timestamp,
}

/// Why a stretch cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The source has no windows.
    #[error("it is read by the vendor's token, and nothing leads from a time to a token")]
    NoTime,
    /// There is nothing between the two.
    #[error("{from} is not before {to}")]
    Empty {
        /// The first moment.
        from: Timestamp,
        /// The moment before which it ends.
        to: Timestamp,
    },
    /// The end is too near.
    #[error("{to} is too new: what comes after {newest} is the live poll's")]
    TooNew {
        /// The moment before which it ends.
        to: Timestamp,
        /// The newest that may be asked for.
        newest: Timestamp,
    },
}

impl Poller {
    /// A poller of what lies between `from` and `to`, which asks at most once
    /// in `spacing`, and half as often as the source file's own rate.
    ///
    /// # Errors
    ///
    /// When there is no such stretch, or the source cannot be read by time.
    pub fn backfill(
        mut self,
        from: Timestamp,
        to: Timestamp,
        spacing: Duration,
    ) -> Result<Poller, BackfillError> {
        let Cursor::Time(cursor) = &mut self.poll.cursor else {
            return Err(BackfillError::NoTime);
        };
        if from >= to {
            return Err(BackfillError::Empty { from, to });
        }
        let newest = window::horizon(cursor, self.ports.clock.now());
        if to > newest {
            return Err(BackfillError::TooNew { to, newest });
        }
        // What is old has come, and its windows follow each other without gaps.
        cursor.overlap = Duration::ZERO;
        if cursor.advance == Advance::NewestRecord {
            // Without an upper bound each window would bring all that is newer.
            cursor.max_window = Duration::try_from(to.duration_since(from)).unwrap_or_default()
                + Duration::from_secs(2 * 86_400);
            cursor.advance = Advance::WindowEnd;
        }
        // Half of the vendor's rate at most: the live poll asks meanwhile.
        let limits = &mut self.poll.limits;
        limits.spacing = Some(limits.spacing.map_or(spacing, |own| spacing.max(own * 2)));
        self.stretch = Some(Stretch { from, to });
        Ok(self)
    }

    /// Where a backfill begins: the record that its stream has before its
    /// first run.
    pub fn backfill_start(&self) -> Option<CursorRecord> {
        self.stretch.map(|stretch| CursorRecord {
            done: Some(Position::Time(stretch.from)),
            ..CursorRecord::default()
        })
    }

    /// The name of the stream's partition.
    pub(crate) fn partition(&self) -> String {
        self.stretch
            .map(|stretch| format!("backfill {}..{}", stretch.from, stretch.to))
            .unwrap_or_default()
    }

    pub(crate) fn is_backfill(&self) -> bool {
        self.stretch.is_some()
    }

    /// The newest moment that a run which began at `started` may read.
    pub(crate) fn horizon(&self, cursor: &TimeCursor, started: Timestamp) -> Timestamp {
        let newest = window::horizon(cursor, started);
        self.stretch.map_or(newest, |stretch| newest.min(stretch.to))
    }
}

/// Whether `stream` is a backfill's, not one that a schedule reads.
pub fn is_backfill(stream: &mef_ports::StreamKey) -> bool {
    stream.partition.starts_with("backfill ")
}
