//! What a run did, and why it ended.

use jiff::{SignedDuration, Timestamp};
use mef_auth::NoRandomNumbers;
use mef_auth::credentials::CredentialError;
use mef_ports::{CommitError, Position, RunSummary, SecretsError, StoreError, StreamKey, chain};
use serde::Serialize;

use crate::ask::fetch_error::FetchError;
use crate::page::page_error::PageError;

/// What a run did.
#[derive(Debug)]
pub struct RunReport {
    /// The stream that was read.
    pub stream: StreamKey,
    /// Why the run ended.
    pub end: RunEnd,
    /// What it counted.
    pub summary: RunSummary,
    /// Up to where everything is delivered.
    pub done: Option<Position>,
    /// Returns how far `done` is behind `now`.
    pub lag: Option<SignedDuration>,
}

/// The report of a run as one JSON object: the response of the function, and the line of `mef poll
/// --json`.
#[derive(Debug, Serialize)]
pub struct RunLine<'r> {
    source: &'r str,
    end: &'static str,
    until: Option<String>,
    done: Option<&'r Position>,
    lag_s: Option<i64>,
    #[serde(flatten)]
    summary: &'r RunSummary,
}

impl RunReport {
    /// Returns the report of a run that found the cursor at `done` and left it there.
    pub(crate) fn at(self, done: Option<Position>, now: Timestamp) -> RunReport {
        RunReport { lag: lag(done.as_ref(), now), done, ..self }
    }

    /// Returns the report as the one JSON object that every program prints.
    pub fn line(&self) -> RunLine<'_> {
        RunLine {
            source: &self.stream.source,
            end: self.end.name(),
            until: self.end.until().map(|until| until.to_string()),
            done: self.done.as_ref(),
            lag_s: self.lag.map(|lag| lag.as_secs()),
            summary: &self.summary,
        }
    }

    /// Logs the run for the operator, wherever it ran.
    pub fn log(&self) {
        let stream = &self.stream;
        let text = match &self.end {
            RunEnd::CaughtUp => "caught up",
            RunEnd::OutOfTime => "stopped before it was caught up",
            RunEnd::Limited { .. } => "limited by the vendor",
            RunEnd::NotReady { .. } => "waiting for what the vendor prepares",
            RunEnd::Paused => {
                tracing::info!(
                    source.id = %stream,
                    cursor.lag_s = self.lag.map(|lag| lag.as_secs()),
                    "paused"
                );
                return;
            }
            RunEnd::Busy { until } => {
                tracing::info!(source.id = %stream, lease.until = %until, "another run holds the lease");
                return;
            }
            RunEnd::Failed(error) => {
                tracing::error!(
                    source.id = %stream,
                    cursor.lag_s = self.lag.map(|lag| lag.as_secs()),
                    error = %chain(error),
                    "the run failed"
                );
                return;
            }
        };
        let until = match &self.end {
            RunEnd::Limited { until } | RunEnd::NotReady { until } => {
                Some(tracing::field::display(until))
            }
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
            run.untimed = self.summary.untimed,
            run.gone = self.summary.gone,
            run.missing = self.summary.missing,
            run.late_max_s = self.summary.late_max_s,
            run.limit_wait_ms = self.summary.limit_wait_ms,
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
    /// A person paused the source; nothing was asked.
    Paused,
    /// The vendor's limit is used up; a wake-up is left.
    Limited {
        /// When the run goes on.
        until: Timestamp,
    },
    /// The vendor still prepares what it was asked for; a wake-up is left.
    NotReady {
        /// When it is asked again.
        until: Timestamp,
    },
    /// The budget is used up; a wake-up is left.
    OutOfTime,
    /// Something failed; the cursor stands where the last page was committed.
    Failed(RunError),
}

impl RunEnd {
    /// Returns the name by which programs know this end.
    pub fn name(&self) -> &'static str {
        match self {
            RunEnd::CaughtUp => "caught_up",
            RunEnd::Busy { .. } => "busy",
            RunEnd::Paused => "paused",
            RunEnd::Limited { .. } => "limited",
            RunEnd::NotReady { .. } => "not_ready",
            RunEnd::OutOfTime => "out_of_time",
            RunEnd::Failed(_) => "failed",
        }
    }

    /// Returns until when there is nothing to do, if that is known.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            RunEnd::Busy { until } | RunEnd::Limited { until } | RunEnd::NotReady { until } => {
                Some(*until)
            }
            RunEnd::CaughtUp | RunEnd::Paused | RunEnd::OutOfTime | RunEnd::Failed(_) => None,
        }
    }
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A page could not be fetched.
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
    /// The vendor lists a partition whose name no cursor can be kept under.
    #[error(
        "the vendor lists a partition called `{}`, under which no cursor can be kept: \
         a partition has 1 to 200 bytes, no control character, and does not begin with `backfill `",
        .0.escape_debug()
    )]
    Partition(String),
    /// The vendor lists a partition without a value that its requests need.
    #[error("the listed partition has no text or number at `{0}`")]
    PartitionValue(String),
    /// The vendor lists no partition any more.
    #[error(
        "the vendor lists no partition, and {read} were read before: may the credential still see them? If \
         they are gone for good, pause the source"
    )]
    NoPartitions {
        /// How many partitions have a cursor.
        read: usize,
    },
    /// The vendor lists more partitions than a run could look at.
    #[error("the vendor lists more than {0} partitions: narrow the request down")]
    TooManyPartitions(usize),
    /// The records have no place in the stream, so the cursor stays behind them.
    #[error(
        "the records are delivered, but no record of the page has {0} that can be read, so the cursor \
         cannot move: correct the path or `time_format`"
    )]
    NoPlace(String),
    /// The cursor stands in the future, so every window would begin there.
    #[error(
        "the cursor stands at {done}, which is after {now}, {}: what came in between may never have \
         been read; if that time is right, set the cursor to the last moment that was surely read, \
         with `mef cursors set {stream} TIME`, else set this machine's clock",
        if now == ours { "the time of this machine" } else { "the time that the vendor's responses tell" }
    )]
    FutureCursor {
        /// The stream.
        stream: StreamKey,
        /// Where its cursor stands.
        done: Timestamp,
        /// The time now, by the clock that is behind.
        now: Timestamp,
        /// The time now, by our clock.
        ours: Timestamp,
    },
    /// The vendor's pages go round in a loop, or on without an end.
    #[error(
        "the vendor's pages have no end: {0}; the last of them is delivered, and the cursor stays before it"
    )]
    Loop(&'static str),
    /// The page is good, but not the way on from it.
    #[error(
        "the page is delivered, but the cursor stays before it, since the way on cannot be followed; its \
         bytes are kept as blob `{blob}`"
    )]
    LostWay {
        /// The name of the blob.
        blob: String,
        /// What is wrong with the way on.
        #[source]
        error: Box<PageError>,
    },
    /// The page is good, but the request for the next one cannot be made.
    #[error(
        "the page is delivered, but the cursor stays before it, since the next page cannot be asked for"
    )]
    NoRequest(#[source] Box<RunError>),
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

/// Returns how far `done` is behind `now`.
pub(crate) fn lag(done: Option<&Position>, now: Timestamp) -> Option<jiff::SignedDuration> {
    Some(now.duration_since(done?.time()?))
}

impl From<StoreError> for RunEnd {
    fn from(error: StoreError) -> RunEnd {
        RunEnd::Failed(error.into())
    }
}

impl From<SecretsError> for RunError {
    fn from(error: SecretsError) -> RunError {
        let error = CredentialError::from(error);
        RunError::Fetch(FetchError::Credential(error))
    }
}

impl From<NoRandomNumbers> for RunError {
    fn from(error: NoRandomNumbers) -> RunError {
        RunError::Store(StoreError::new("make a run's id", error))
    }
}

/// The settings leave no room: a window would end before it brings anything new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`max_window` is not longer than `overlap` and the granularity: every window would end before \
     the cursor; make `max_window` longer"
)]
pub(crate) struct NoProgress;

impl From<NoProgress> for RunError {
    fn from(error: NoProgress) -> RunError {
        RunError::NoProgress(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_names_that_programs_read() {
        let until = Timestamp::UNIX_EPOCH;
        let report = |end| RunReport {
            stream: StreamKey { source: "acme".to_owned(), partition: "p".to_owned() },
            end,
            summary: RunSummary { pages: 3, ..RunSummary::default() },
            done: Some(Position::Token("t".to_owned())),
            lag: Some(SignedDuration::from_millis(1_500)),
        };
        let line = serde_json::to_value(report(RunEnd::Limited { until }).line()).unwrap();
        assert_eq!(line["source"], "acme");
        assert_eq!(
            (&line["end"], &line["until"]),
            (&"limited".into(), &"1970-01-01T00:00:00Z".into())
        );
        assert_eq!((&line["done"]["token"], &line["lag_s"]), (&"t".into(), &1.into()));
        assert_eq!(line["pages"], 3);
        let failed = RunEnd::Failed(RunError::Loop("x"));
        let ends =
            [RunEnd::CaughtUp, RunEnd::Busy { until }, RunEnd::Paused, RunEnd::OutOfTime, failed];
        let ends = ends.map(|end| {
            let report = report(end);
            let line = serde_json::to_value(report.line()).unwrap();
            (line["end"].as_str().unwrap().to_owned(), line["until"].is_null())
        });
        let expected = [
            ("caught_up", true),
            ("busy", false),
            ("paused", true),
            ("out_of_time", true),
            ("failed", true),
        ];
        assert_eq!(ends, expected.map(|(name, is_null)| (name.to_owned(), is_null)));
    }
}
