//! `mef status`: the state of every source, on one screen.

use std::process::ExitCode;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mef_auth::Redactor;
use mef_poller::{MOST_PAST_RUNS, is_backfill};
use mef_ports::{CursorRecord, RunSummary, StoredCursor};
use mef_source::Source;
use mef_source::checked::{Cursor, Partitions, Poll};
use serde::Serialize;

use super::streams::{lag, lag_text};
use crate::args::Global;
use crate::backend::Backend;
use crate::output;
use crate::sources::files;

/// How far a cursor may be ahead of this machine's clock: two clocks are never the same.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(300);

/// A stream of a source as a line of JSON.
#[derive(Serialize)]
struct StatusLine<'s> {
    source: &'s str,
    #[serde(skip_serializing_if = "str::is_empty")]
    partition: &'s str,
    state: &'static str,
    lag_s: Option<i64>,
    last_run: Option<Timestamp>,
    next_run: Option<Timestamp>,
    paused: Option<Timestamp>,
    error: Option<&'s str>,
}

pub(super) async fn status(global: &Global, redactor: &Redactor) -> anyhow::Result<ExitCode> {
    let sources = files::load_all(&global.sources)?;
    let backend = Backend::look_or_empty(global, redactor).await?;
    let now = backend.ports.clock.now();
    let mut cursors = backend.ports.cursors.list().await?;
    cursors.retain(|cursor| !is_backfill(&cursor.stream));
    let mut lines = Vec::new();
    for source in &sources {
        let Some(poll) = &source.poll else {
            lines.push(empty(source, "", "pushed"));
            continue;
        };
        let of = |partition: &str| {
            cursors.iter().find(|cursor| {
                cursor.stream.source == source.name.as_str() && cursor.stream.partition == partition
            })
        };
        match &poll.partitions {
            None => lines.push(line(source, "", poll, of(""), None, now)),
            Some(partitions) => {
                let with_all = of("").and_then(|cursor| cursor.record.paused);
                let line = |name| line(source, name, poll, of(name), with_all, now);
                match partitions {
                    Partitions::List(names) => lines.extend(names.iter().map(|name| line(name))),
                    // The vendor lists them; these have been read so far.
                    Partitions::Request(_) => {
                        let streams = cursors.iter().map(|cursor| &cursor.stream);
                        let read: Vec<_> = streams
                            .filter(|stream| stream.source == source.name.as_str())
                            .filter(|stream| !stream.partition.is_empty())
                            .map(|stream| line(&stream.partition))
                            .collect();
                        if read.is_empty() {
                            lines.push(line(""));
                        }
                        lines.extend(read);
                    }
                }
            }
        }
    }
    let headings = ["SOURCE", "STATE", "LAG", "LAST RUN", "NEXT RUN", "ERROR"];
    output::list(global.json, &lines, &headings, |line| {
        let lag = line.lag_s.map(lag_text);
        let name = match line.partition {
            "" => line.source.to_owned(),
            partition => format!("{}/{partition}", line.source),
        };
        vec![
            name,
            line.state.to_owned(),
            output::or_dash(lag),
            output::or_dash(line.last_run.map(output::moment)),
            output::or_dash(line.next_run.map(output::moment)),
            output::or_dash(line.error.map(str::to_owned)),
        ]
    })?;
    Ok(ExitCode::SUCCESS)
}

fn empty<'s>(source: &'s Source, partition: &'s str, state: &'static str) -> StatusLine<'s> {
    StatusLine {
        source: source.name.as_str(),
        partition,
        state,
        lag_s: None,
        last_run: None,
        next_run: None,
        paused: None,
        error: None,
    }
}

/// Returns a stream's line; `with_all` is the moment when the whole source was paused, if it is.
fn line<'s>(
    source: &'s Source,
    partition: &'s str,
    poll: &Poll,
    cursor: Option<&'s StoredCursor>,
    with_all: Option<Timestamp>,
    now: Timestamp,
) -> StatusLine<'s> {
    let record = cursor.map(|cursor| &cursor.record);
    let run = record.and_then(|record| record.last_run.as_ref());
    let paused = with_all.or(record.and_then(|record| record.paused));
    let state = match (paused, record.zip(run)) {
        (Some(_), _) => "paused",
        (None, None) if record.is_some_and(|record| is_limited(record, now)) => "limited",
        (None, None) => "never run",
        (None, Some((record, run))) => state(poll, record, run, now),
    };
    StatusLine {
        lag_s: record.and_then(|record| lag(record, now)).map(|lag| lag.as_secs()),
        last_run: run.and_then(|run| run.ended),
        next_run: record.and_then(|record| record.next_run).filter(|next| *next > now),
        paused,
        error: run.and_then(|run| run.error.as_deref()),
        ..empty(source, partition, state)
    }
}

/// Returns the state of a stream that has been read: the worst that applies.
fn state(poll: &Poll, record: &CursorRecord, run: &RunSummary, now: Timestamp) -> &'static str {
    // Three missed ticks are no accident, and neither is a cursor that far behind.
    let patience = poll.schedule.saturating_mul(3) + Duration::from_secs(60);
    let wanted = match &poll.cursor {
        Cursor::Time(cursor) => cursor.end_lag,
        Cursor::Id(cursor) => cursor.end_lag,
        Cursor::Token(_) | Cursor::NextLink(_) | Cursor::Listing(_) => Duration::ZERO,
    };
    let moves_by_time = matches!(poll.cursor, Cursor::Time(_) | Cursor::Id(_));
    let older = |time: Timestamp, than: Duration| {
        Duration::try_from(now.duration_since(time)).is_ok_and(|age| age > than)
    };
    let lag = lag(record, now);
    if run.error.is_some() {
        "failing"
    } else if moves_by_time && lag.is_some_and(|lag| lag < -CLOCKS_DIFFER) {
        "ahead"
    } else if is_limited(record, now) {
        "limited"
    } else if run.ended.is_none_or(|ended| older(ended, patience))
        || poll.cursor.moves_without_records()
            && lag
                .and_then(|lag| Duration::try_from(lag).ok())
                .is_some_and(|lag| lag > patience + wanted)
    {
        "stale"
    } else if run.missing > 0 {
        "incomplete"
    } else if never_had_a_record(record, run) {
        "no record yet"
    } else {
        "fresh"
    }
}

fn is_limited(record: &CursorRecord, now: Timestamp) -> bool {
    record.next_run.is_some_and(|next| next > now)
}

/// Returns whether all runs so far found nothing. That may be so, or the source file looks in the wrong
/// place: nobody should take it for well. Of a stream with a full history nobody knows.
fn never_had_a_record(record: &CursorRecord, run: &RunSummary) -> bool {
    run.records == 0
        && record.history.len() < MOST_PAST_RUNS
        && record.history.iter().all(|past| past.delivered == 0 && past.rejected == 0)
}
