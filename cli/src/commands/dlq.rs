//! `mef dlq`: the rejected records.

use std::collections::HashSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use mef_auth::Redactor;
use mef_pipeline::{Channel, Pipeline, Pipelines, redrive};
use mef_ports::{DeadLetters, EMPTY_TAKES, Settled, StoreError};
use mef_source::Source;
use serde_json::json;

use crate::args::{DlqCommand, Global};
use crate::backend::Backend;
use crate::local::ports::Access;
use crate::local::signals::ended;
use crate::output;
use crate::sources::{files, known};

/// How long letters are held during the search for one of them.
const HOLD: Duration = Duration::from_secs(60);

pub(super) async fn dlq(
    global: &Global,
    command: &DlqCommand,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let access = match command {
        DlqCommand::List { .. } | DlqCommand::Show { .. } => Access::Look,
        DlqCommand::Discard { .. } => Access::Remove,
        DlqCommand::Redrive { .. } => Access::Write,
    };
    let backend = Backend::open(global, access, redactor).await?;
    let store = &backend.ports.outputs.dead_letters;
    let clock = &backend.ports.clock;
    match command {
        DlqCommand::List { source, limit } => {
            if let Some(source) = source {
                source_is_known(global, store, source).await?;
            }
            let mut letters = store.list(source.as_deref(), limit.saturating_add(1)).await?;
            let are_more = letters.len() > *limit;
            letters.truncate(*limit);
            let headings = ["ID", "SOURCE", "RECEIVED", "STAGE", "PLACE", "REASON"];
            output::list(global.json, &letters, &headings, |letter| {
                vec![
                    letter.id.clone(),
                    letter.source.clone(),
                    output::moment(letter.received_at),
                    letter.stage.to_string(),
                    letter.place.clone(),
                    letter.reason.chars().take(100).collect(),
                ]
            })?;
            let count = store.count(source.as_deref(), clock.now()).await?;
            if are_more {
                output::say(&format!(
                    "these are the oldest {limit} of {} dead letters: --limit shows more",
                    count.free + count.held,
                ));
            }
            if let Some(until) = count.held_until {
                output::say(&held(count.held, until));
            }
        }
        DlqCommand::Show { id } => {
            let letter = store.get(id).await?.with_context(|| missing(id))?;
            if global.json {
                output::json(&letter)?;
            } else {
                output::line(&serde_json::to_string_pretty(&letter)?)?;
            }
        }
        DlqCommand::Redrive { source } => {
            return run_again(global, &backend, source.as_deref()).await;
        }
        DlqCommand::Discard { id } => {
            if !discard(&**store, id, clock.now()).await? {
                let count = store.count(None, clock.now()).await?;
                match (store.get(id).await?, count.held_until) {
                    (Some(_), Some(until)) => anyhow::bail!(
                        "the dead letter `{id}` is held by a redrive, at the longest until {until}: discard it then"
                    ),
                    (Some(_), None) => {
                        anyhow::bail!("the dead letter `{id}` is held by somebody: try again")
                    }
                    (None, _) => anyhow::bail!(missing(id)),
                }
            }
            output::say(&format!("the dead letter `{id}` is gone"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the letters of `source`, or of every source, through today's source files. An interrupt ends
/// it after the letters at hand and gives the others back.
async fn run_again(
    global: &Global,
    backend: &Backend,
    source: Option<&str>,
) -> anyhow::Result<ExitCode> {
    let outputs = &backend.ports.outputs;
    let sources = Today(files::load_all(&global.sources)?);
    if let Some(source) = source {
        source_is_known(global, &outputs.dead_letters, source).await?;
    }
    let is_stopped = Arc::new(AtomicBool::new(false));
    let on_interrupt = Arc::clone(&is_stopped);
    tokio::spawn(async move {
        if ended().await.is_ok() {
            on_interrupt.store(true, Ordering::Relaxed);
        }
    });
    let keep_going = || !is_stopped.load(Ordering::Relaxed);
    let done = redrive(outputs, &sources, source, &keep_going).await?;
    let left = outputs.dead_letters.count(source, outputs.clock.now()).await?;
    // Only a store that knows until when counts exactly.
    let held = left.held_until.map_or(0, |_| left.held);
    if global.json {
        output::json(&json!({
            "redriven": done.redriven,
            "delivered": done.delivered,
            "refused_again": done.refused_again,
            "no_source": done.no_source,
            "unfinished": done.unfinished,
            "held": held,
            "held_until": left.held_until,
        }))?;
    }
    output::say(&format!(
        "{} records redriven as {} events, {} refused again, {} left: their source is not in {}",
        done.redriven,
        done.delivered,
        done.refused_again,
        done.no_source,
        global.sources.display(),
    ));
    if done.unfinished {
        output::say("stopped before every letter was tried: run it again for the others");
    }
    if let Some(until) = left.held_until {
        output::say(&format!("{}; run `mef dlq redrive` again then", self::held(left.held, until)));
    }
    Ok(match (done.refused_again + done.no_source, done.unfinished || held > 0) {
        (0, false) => ExitCode::SUCCESS,
        (0, true) => ExitCode::from(output::NOT_NOW),
        _ => ExitCode::FAILURE,
    })
}

/// Fails if no source file and no letter has this source.
async fn source_is_known(
    global: &Global,
    store: &Arc<dyn DeadLetters>,
    source: &str,
) -> anyhow::Result<()> {
    let letters = store.list(Some(source), 1).await?;
    let stored: Vec<_> = letters.into_iter().map(|letter| letter.source).collect();
    known::must_be_known(&global.sources, source, &stored)
}

/// Says that letters are held: they are there, and nobody else can run or drop them.
fn held(letters: u64, until: Timestamp) -> String {
    format!(
        "{} held until {until} by a redrive that goes on or was stopped",
        match letters {
            1 => "1 letter is".to_owned(),
            n => format!("{n} letters are"),
        }
    )
}

fn missing(id: &str) -> String {
    format!("there is no dead letter `{id}`: `mef dlq list` shows those there are")
}

/// The source files as they are now.
struct Today(Vec<Arc<Source>>);

impl Pipelines for Today {
    fn find(&self, source: &str, channel: Channel) -> Option<Arc<Pipeline>> {
        let source = self.0.iter().find(|today| today.name.as_str() == source)?;
        match channel {
            Channel::Webhook => Pipeline::for_webhook(source),
            Channel::Poll => Pipeline::for_poll(source),
        }
        .map(Arc::new)
    }
}

/// Drops the letter `id`; returns false if there is none.
async fn discard(store: &dyn DeadLetters, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let mut found = false;
    let mut others = Vec::new();
    let mut seen = HashSet::new();
    let mut empty = 0;
    while !found && empty < EMPTY_TAKES {
        let taken = store.take(None, 10, now, HOLD).await?;
        let known = seen.len();
        seen.extend(taken.letters.iter().map(|taken| taken.letter.id.clone()));
        seen.extend(taken.passed_over.iter().map(|other| other.id.clone()));
        empty = if seen.len() == known { empty + 1 } else { 0 };
        // What cannot be read is passed over, and can be dropped all the same.
        let passed_over = taken.passed_over.into_iter().map(|other| (other.id, other.receipt));
        let letters = taken.letters.into_iter().map(|taken| (taken.letter.id, taken.receipt));
        for (found_id, receipt) in passed_over.chain(letters) {
            if found_id == id {
                store.settle(&[Settled { receipt, remains: Vec::new() }]).await?;
                found = true;
            } else {
                others.push(receipt);
            }
        }
    }
    // A hold that is not given back ends by itself.
    if let Err(error) = store.give_back(&others).await {
        tracing::warn!(error = %error, "dead letters stay held for a while");
    }
    Ok(found)
}
