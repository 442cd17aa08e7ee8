//! `mef cursors`: how far each stream has been read.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use mef_auth::Redactor;
use mef_poller::{Poller, is_backfill};
use mef_ports::{CursorRecord, PastRun, Position, StoredCursor, StreamKey};
use serde::Serialize;

use super::streams::{lag, lag_text, stream};
use crate::args::{CursorsCommand, Global};
use crate::backend::Backend;
use crate::local::ports::Access;
use crate::output;
use crate::sources::files;

/// A cursor as a line of JSON.
#[derive(Serialize)]
struct CursorLine<'c> {
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
    command: &CursorsCommand,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let access = match command {
        CursorsCommand::List | CursorsCommand::Show { .. } | CursorsCommand::History { .. } => {
            Access::Look
        }
        CursorsCommand::Set { .. } | CursorsCommand::Reset { .. } => Access::Write,
    };
    let backend = Backend::open(global, access, redactor).await?;
    let (store, now) = (&backend.ports.cursors, backend.ports.clock.now());
    learn_secrets(global, &backend).await;
    match command {
        CursorsCommand::List => {
            let cursors = store.list().await?;
            if global.json {
                let mut lines = cursors.iter().map(|cursor| line(cursor, now));
                lines.try_for_each(|line| output::masked_json(redactor, &line))?;
            } else {
                let rows: Vec<_> =
                    cursors.iter().map(|cursor| row(cursor, now, redactor)).collect();
                let headings = ["STREAM", "DONE", "LAG", "OPEN", "LAST RUN", "DELIVERED", "ERROR"];
                output::table(&headings, &rows)?;
            }
        }
        CursorsCommand::Show { source } => {
            let cursor = stored(store, source).await?;
            if global.json {
                output::masked_json(redactor, &line(&cursor, now))?;
            } else {
                let text = serde_json::to_string_pretty(&line(&cursor, now))?;
                output::line(&redactor.mask(&text))?;
            }
        }
        CursorsCommand::Set { source, position, token } => {
            let done = if *token {
                Position::Token(position.clone())
            } else {
                let moment = position.parse::<Timestamp>().with_context(|| {
                    format!(
                        "`{position}` is not a moment: write `2026-12-31T00:00:00Z`, or add --token"
                    )
                })?;
                if moment > now {
                    anyhow::bail!(
                        "{moment} is in the future: everything before it would be skipped"
                    );
                }
                Position::Time(moment)
            };
            let stream = one_stream(store, source).await?;
            let record = kept(store, source, CursorRecord::at(done.clone())).await?;
            store.set(&stream, &record).await?;
            output::say(&format!(
                "the cursor of `{source}` stands at {done}; the next run continues from there"
            ));
        }
        CursorsCommand::Reset { source } => {
            let stream = one_stream(store, source).await?;
            let record = kept(store, source, CursorRecord::default()).await?;
            store.set(&stream, &record).await?;
            output::say(&format!("the next run of `{source}` is its first, and starts at `start`"));
        }
        CursorsCommand::History { source } => {
            let cursor = stored(store, source).await?;
            let history = &cursor.record.history;
            if global.json {
                history.iter().try_for_each(|run| output::masked_json(redactor, run))?;
            } else {
                let rows: Vec<_> = history.iter().map(|run| past_row(run, redactor)).collect();
                output::table(&["ENDED", "DONE", "DELIVERED", "REJECTED", "ERROR"], &rows)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Learns the secrets of the sources, to mask them: a vendor may have put one into a link that a cursor
/// keeps. A secret that cannot be read does not stop the command.
async fn learn_secrets(global: &Global, backend: &Backend) {
    let files = files::read(&global.sources).unwrap_or_default();
    for source in files.into_iter().filter_map(|file| file.source) {
        let Some(poll) = &source.poll else { continue };
        let http = backend.http(poll);
        let Some(poller) = Poller::new(source.clone(), http, backend.ports.clone()) else {
            continue;
        };
        if let Err(error) = poller.secrets().await {
            tracing::debug!(source.id = %source.name, error = %error, "its secrets are not masked");
        }
    }
}

/// Returns `record` with what remains of a cursor that is set by hand: its pause, its history, and until when it
/// is held back.
async fn kept(
    store: &Arc<dyn mef_ports::Cursors>,
    source: &str,
    mut record: CursorRecord,
) -> anyhow::Result<CursorRecord> {
    if let Some(stored) = store.read(&stream(source)).await? {
        record.paused = stored.record.paused;
        record.history = stored.record.history;
        // A limit belongs to the credential, and holds whatever the cursor is.
        record.next_run = stored.record.next_run;
    }
    Ok(record)
}

fn past_row(run: &PastRun, redactor: &Redactor) -> Vec<String> {
    vec![
        output::moment(run.ended),
        output::or_dash(run.done.as_ref().map(|done| position(done, redactor))),
        run.delivered.to_string(),
        run.rejected.to_string(),
        output::or_dash(run.error.clone()),
    ]
}

/// Returns a position that fits into a column.
fn position(done: &Position, redactor: &Redactor) -> String {
    match done {
        Position::Time(time) => output::moment(*time),
        Position::TimeId { time, id } => format!("{} {id}", output::moment(*time)),
        Position::Token(text) | Position::Link(text) | Position::Id(text) => {
            redactor.mask(text).chars().take(40).collect()
        }
    }
}

/// Returns the stream with this name; fails for a source with partitions, which has several.
async fn one_stream(store: &Arc<dyn mef_ports::Cursors>, name: &str) -> anyhow::Result<StreamKey> {
    let named = stream(name);
    if named.partition.is_empty() {
        let streams = store.list().await?.into_iter().map(|cursor| cursor.stream);
        let mut partitions = streams.filter(|stream| {
            stream.source == named.source && !stream.partition.is_empty() && !is_backfill(stream)
        });
        if let Some(one) = partitions.next() {
            anyhow::bail!("`{name}` has several streams: name one of them, such as `{one}`");
        }
    }
    Ok(named)
}

async fn stored(store: &Arc<dyn mef_ports::Cursors>, name: &str) -> anyhow::Result<StoredCursor> {
    let stream = one_stream(store, name).await?;
    let stored = store.read(&stream).await?;
    stored.with_context(|| format!("`{name}` has no cursor yet: its first run makes one"))
}

fn line(cursor: &StoredCursor, now: Timestamp) -> CursorLine<'_> {
    CursorLine {
        source: &cursor.stream.source,
        partition: &cursor.stream.partition,
        lag_s: lag(&cursor.record, now).map(|lag| lag.as_secs()),
        fence: cursor.fence,
        leased_until: cursor.leased_until.filter(|until| *until > now),
        record: &cursor.record,
    }
}

fn row(cursor: &StoredCursor, now: Timestamp, redactor: &Redactor) -> Vec<String> {
    let record = &cursor.record;
    let run = record.last_run.as_ref();
    vec![
        cursor.stream.to_string(),
        output::or_dash(record.done().map(|done| position(done, redactor))),
        output::or_dash(lag(record, now).map(|lag| lag_text(lag.as_secs()))),
        output::or_dash(record.open().map(|open| format!("until {}", output::moment(open.end)))),
        output::or_dash(run.and_then(|run| run.ended).map(output::moment)),
        output::or_dash(run.map(|run| run.delivered.to_string())),
        output::or_dash(run.and_then(|run| run.error.clone())),
    ]
}
