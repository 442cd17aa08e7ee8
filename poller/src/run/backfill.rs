//! Reading a stretch of the past beside the live cursor.
//!
//! A backfill is the same engine on streams of its own. Their cursors, leases and ids are their
//! own, so nothing it does can move the live ones. Its events have the ids that the live poll gives
//! them, so a consumer can recognise events that it already has.

use std::time::Duration;

use jiff::Timestamp;
use mef_ports::moment::before;
use mef_source::checked::{Advance, Bound, Cursor, Follow};

use crate::poller::Poller;
use crate::stream::window;
use crate::stretch::Stretch;

/// Why a stretch cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The stream cannot be read from a given time on.
    #[error("a source read by {cursor} cannot start at a time: it needs {needs}")]
    NoTime {
        /// The kind of its cursor.
        cursor: &'static str,
        /// What the source file lacks.
        needs: &'static str,
    },
    /// Nothing lies between the two moments.
    #[error("{from} is not before {to}")]
    Empty {
        /// The first moment.
        from: Timestamp,
        /// The moment before which it ends.
        to: Timestamp,
    },
    /// The end is too near.
    #[error("{to} is too recent: the live poll reads everything after {newest}")]
    TooNew {
        /// The moment before which it ends.
        to: Timestamp,
        /// The newest end that may be asked for.
        newest: Timestamp,
    },
    /// The vendor no longer keeps any of it.
    #[error("{to} is too old: the vendor keeps nothing from before {oldest}")]
    Forgotten {
        /// The moment before which it ends.
        to: Timestamp,
        /// The oldest that the vendor keeps.
        oldest: Timestamp,
    },
}

impl Poller {
    /// Returns a poller of what lies between `from` and `to`, in each partition. It asks at most
    /// once in `spacing`, and at most half as often as the source file's rate allows.
    ///
    /// # Errors
    ///
    /// Fails if there is no such stretch, or if the source cannot be read from a given time on.
    pub fn backfill(
        mut self,
        from: Timestamp,
        to: Timestamp,
        spacing: Duration,
    ) -> Result<Poller, BackfillError> {
        let newest = self.newest_to_read_back()?;
        if from >= to {
            return Err(BackfillError::Empty { from, to });
        }
        if to > newest {
            return Err(BackfillError::TooNew { to, newest });
        }
        if let Cursor::Time(cursor) = &mut self.poll.cursor {
            let oldest = cursor.retention.map(|kept| before(self.ports.clock.now(), kept));
            if let Some(oldest) = oldest.filter(|oldest| to <= *oldest) {
                return Err(BackfillError::Forgotten { to, oldest });
            }
            // Old records have all come, so windows can follow each other without gaps.
            cursor.overlap = match (cursor.bounds.start, cursor.bounds.end) {
                // But no window before the first has what is at its very start.
                (Some(Bound::Exclusive), Some(Bound::Inclusive)) => Duration::from_nanos(1),
                _ => Duration::ZERO,
            };
            cursor.advance = Advance::WindowEnd;
            if !cursor.upper_bound {
                // Else each window would bring all newer records too.
                cursor.max_window = Duration::try_from(to.duration_since(from)).unwrap_or_default()
                    + Duration::from_secs(2 * 86_400);
            }
        }
        // At most half of the vendor's rate, since the live poll asks meanwhile.
        let limits = &mut self.poll.limits;
        limits.spacing = Some(limits.spacing.map_or(spacing, |own| spacing.max(own * 2)));
        self.stretch = Some(Stretch { from, to });
        Ok(self)
    }

    fn newest_to_read_back(&self) -> Result<Timestamp, BackfillError> {
        let (cursor, now) = (&self.poll.cursor, self.ports.clock.now());
        let needs = |needs| Err(BackfillError::NoTime { cursor: cursor.kind(), needs });
        let followed = |follow: &Follow| match follow.time {
            Some(_) if self.asks_from_start() => Ok(now),
            _ => needs("`{cursor.start}` in its request and `time` in its cursor"),
        };
        match cursor {
            Cursor::Time(cursor) if cursor.time.is_none() && !cursor.upper_bound => {
                needs("`{window.end}` in its request, since its records have no time")
            }
            Cursor::Time(cursor) => Ok(window::horizon(cursor, now)),
            Cursor::Id(cursor) if cursor.time.is_some() => Ok(before(now, cursor.end_lag)),
            Cursor::Id(_) => needs("`{cursor.time}` in its request and `time` in its cursor"),
            Cursor::Token(cursor) => followed(&cursor.follow),
            Cursor::NextLink(cursor) => followed(&cursor.follow),
            Cursor::Listing(_) => {
                needs("a cursor that says where to begin: every run reads all that a listing has")
            }
        }
    }

    pub(crate) fn is_backfill(&self) -> bool {
        self.stretch.is_some()
    }

    /// Returns the moment before which a run ends that could read up to `newest`.
    pub(crate) fn horizon(&self, newest: Timestamp) -> Timestamp {
        self.stretch.map_or(newest, |stretch| newest.min(stretch.to))
    }

    /// Returns the last moment of a run that could read `newest` too.
    pub(crate) fn last_moment(&self, newest: Timestamp) -> Timestamp {
        let last = self.stretch.map(|stretch| before(stretch.to, Duration::from_nanos(1)));
        last.map_or(newest, |last| newest.min(last))
    }
}
