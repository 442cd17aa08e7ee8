//! `mef cursors`: how far each stream has been read.

use std::process::ExitCode;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use mef_auth::Redactor;
use mef_ports::{CursorRecord, Position, StoredCursor, StreamKey};
use serde::Serialize;

use crate::args::{Cursors, Global};
use crate::backend::Backend;
use crate::output;

/// A cursor as a line of JSON.
#[derive(Serialize)]
struct Line<'c> {
    source: &'c str,
    partition: &'c str,
    lag_s: Option<i64>,
    fence: u64,
    leased_until: Option<Timestamp>,
    #[serde(flatten)]
    record: &'c CursorRecord,
}

pub(super) async fn cursors(
    global: &Global,
    command: &Cursors,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let backend = Backend::open(global, redactor).await?;
    let (store, now) = (&backend.ports.cursors, backend.ports.clock.now());
    match command {
        Cursors::List => {
            let cursors = store.list().await?;
            if global.json {
                cursors.iter().try_for_each(|cursor| output::json(&line(cursor, now)))?;
            } else {
                let rows: Vec<_> = cursors.iter().map(|cursor| row(cursor, now)).collect();
                let headings = ["STREAM", "DONE", "LAG", "OPEN", "LAST RUN", "DELIVERED", "ERROR"];
                output::table(&headings, &rows)?;
            }
        }
        Cursors::Show { source } => {
            let cursor = store.read(&stream(source)).await?.with_context(|| {
                format!("`{source}` has no cursor yet: it is made by the first run")
            })?;
            if global.json {
                output::json(&line(&cursor, now))?;
            } else {
                output::line(&serde_json::to_string_pretty(&line(&cursor, now))?)?;
            }
        }
        Cursors::Set { source, position, token } => {
            let done = if *token {
                Position::Token(position.clone())
            } else {
                let moment = position.parse::<Timestamp>().with_context(|| {
                    format!(
                        "`{position}` is no moment: write `2026-12-31T00:00:00Z`, or add --token"
                    )
                })?;
                if moment > now {
                    anyhow::bail!("{moment} is in the future: everything until then would be lost");
                }
                Position::Time(moment)
            };
            let record = CursorRecord { done: Some(done.clone()), ..CursorRecord::default() };
            store.set(&stream(source), &record).await?;
            output::say(&format!(
                "the cursor of `{source}` stands at {done}; the next run goes on from there"
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A source, or one partition of it: `acme`, `acme/north`.
fn stream(name: &str) -> StreamKey {
    let (source, partition) = name.split_once('/').unwrap_or((name, ""));
    StreamKey { source: source.to_owned(), partition: partition.to_owned() }
}

fn line(cursor: &StoredCursor, now: Timestamp) -> Line<'_> {
    Line {
        source: &cursor.stream.source,
        partition: &cursor.stream.partition,
        lag_s: lag(&cursor.record, now).map(|lag| lag.as_secs()),
        fence: cursor.fence,
        leased_until: cursor.leased_until.filter(|until| *until > now),
        record: &cursor.record,
    }
}

fn lag(record: &CursorRecord, now: Timestamp) -> Option<SignedDuration> {
    match &record.done {
        Some(Position::Time(done)) => Some(now.duration_since(*done)),
        _ => None,
    }
}

fn row(cursor: &StoredCursor, now: Timestamp) -> Vec<String> {
    let record = &cursor.record;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let short = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let run = record.last_run.as_ref();
    vec![
        cursor.stream.to_string(),
        or_dash(record.done.as_ref().map(|done| match done {
            Position::Time(time) => short(*time),
            Position::TimeId { time, id } => format!("{} {id}", short(*time)),
            Position::Token(text) | Position::Link(text) | Position::Id(text) => {
                text.chars().take(40).collect()
            }
        })),
        or_dash(
            lag(record, now).map(|lag| format!("{:#}", SignedDuration::from_secs(lag.as_secs()))),
        ),
        or_dash(record.open.as_ref().map(|open| format!("until {}", short(open.end)))),
        or_dash(run.and_then(|run| run.ended).map(short)),
        or_dash(run.map(|run| run.delivered.to_string())),
        or_dash(run.and_then(|run| run.error.clone())),
    ]
}
