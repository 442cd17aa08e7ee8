//! What a run did, and why it ended.

use jiff::{SignedDuration, Timestamp};
use mef_ports::{CommitError, Position, RunSummary, StoreError, StreamKey, chain};

use crate::fetch::FetchError;
use crate::window::NoProgress;

/// What a run did.
#[derive(Debug)]
pub struct RunReport {
    /// The stream that was read.
    pub stream: StreamKey,
    /// Why the run ended.
    pub end: RunEnd,
    /// What it counted.
    pub summary: RunSummary,
    /// How far everything is delivered.
    pub done: Option<Position>,
    /// How far `done` is behind now, for a cursor by time.
    pub lag: Option<SignedDuration>,
}

impl RunReport {
    /// Writes what the operator is told of the run, once, wherever it ran.
    pub fn log(&self) {
        let stream = &self.stream;
        let text = match &self.end {
            RunEnd::CaughtUp => "caught up",
            RunEnd::OutOfTime => "stopped before it was caught up",
            RunEnd::Limited { .. } => "limited by the vendor",
            RunEnd::Busy { until } => {
                tracing::info!(source.id = %stream, lease.until = %until, "another run holds the lease");
                return;
            }
            RunEnd::Failed(error) => {
                tracing::error!(source.id = %stream, error = %chain(error), "the run failed");
                return;
            }
        };
        let until = match &self.end {
            RunEnd::Limited { until } => Some(tracing::field::display(until)),
            _ => None,
        };
        tracing::info!(
            source.id = %stream,
            run.until = until,
            run.requests = self.summary.requests,
            run.pages = self.summary.pages,
            run.records = self.summary.records,
            run.delivered = self.summary.delivered,
            run.rejected = self.summary.rejected,
            run.duplicates = self.summary.duplicates,
            run.late = self.summary.late,
            cursor.lag_s = self.lag.map(|lag| lag.as_secs()),
            "{text}"
        );
    }
}

/// Why a run ended.
#[derive(Debug)]
pub enum RunEnd {
    /// Everything there is was read.
    CaughtUp,
    /// Another run holds the lease.
    Busy {
        /// When that lease ends, unless it is renewed.
        until: Timestamp,
    },
    /// The vendor's limit is used up; a wake-up is left.
    Limited {
        /// When the run goes on.
        until: Timestamp,
    },
    /// The budget is used up; a wake-up is left.
    OutOfTime,
    /// Something failed; the cursor stands where the last page was committed.
    Failed(RunError),
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A page could not be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A cursor could not be moved.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A store failed, or the queue or dead letters would not take a record.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The source file's windows cannot move on.
    #[error("{0}")]
    NoProgress(String),
    /// The vendor leads in a circle.
    #[error("the vendor leads in a circle: {0}; the window is not committed")]
    Loop(&'static str),
    /// The stored cursor is of another kind than the source file's.
    #[error(
        "the stored cursor is `{stored}`, but the source file reads by {wanted}: set it with `mef cursors set`"
    )]
    CursorKind {
        /// The stored position.
        stored: Position,
        /// What the source file reads by.
        wanted: &'static str,
    },
}

impl From<NoProgress> for RunError {
    fn from(error: NoProgress) -> RunError {
        RunError::NoProgress(error.to_string())
    }
}
