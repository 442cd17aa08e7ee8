//! The stretch of the past that a backfill reads.

use jiff::Timestamp;
use mef_ports::{Position, StreamKey};
use mef_source::checked::Cursor;

/// What the partition of a backfill's stream begins with.
const PREFIX: &str = "backfill ";

/// A stretch of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

impl Stretch {
    /// Returns the partition of the stream that reads it, for one of the source's own partitions if
    /// it has some.
    pub(crate) fn name(self, partition: Option<&str>) -> String {
        let name = format!("{PREFIX}{}..{}", self.from, self.to);
        partition.map_or_else(|| name.clone(), |partition| format!("{name}/{partition}"))
    }

    /// Returns where `cursor` stands before the first run; `None` if only `{cursor.start}` can say
    /// it.
    pub(crate) fn first_position(self, cursor: &Cursor) -> Option<Position> {
        match cursor {
            Cursor::Time(_) | Cursor::Id(_) => Some(Position::Time(self.from)),
            Cursor::Token(_) | Cursor::NextLink(_) | Cursor::Listing(_) => None,
        }
    }

    /// Returns where any stream stands that is read to the stretch's end: nothing more is asked for
    /// it.
    pub(crate) fn end_position(self) -> Position {
        Position::Time(self.to)
    }

    pub(crate) fn is_read(self, done: Option<&Position>) -> bool {
        matches!(done, Some(Position::Time(done)) if *done >= self.to)
    }
}

/// Returns whether `stream` is a backfill's, not one that the schedule reads.
pub fn is_backfill(stream: &StreamKey) -> bool {
    stream.partition.starts_with(PREFIX)
}
