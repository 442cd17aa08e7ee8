//! `mef dlq`: the rejected records.

use std::collections::HashSet;
use std::process::ExitCode;
use std::sync::Arc;
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
use crate::output;
use crate::sources::files;

/// How long letters are held during the search for one of them.
const HOLD: Duration = Duration::from_secs(60);

pub(super) async fn dlq(
    global: &Global,
    command: &DlqCommand,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let backend = Backend::open(global, redactor).await?;
    let store = &backend.ports.outputs.dead_letters;
    match command {
        DlqCommand::List { source, limit } => {
            let letters = store.list(source.as_deref(), *limit).await?;
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
            let sources = Today(files::load_all(&global.sources)?);
            let done =
                redrive(&backend.ports.outputs, &sources, source.as_deref(), &|| true).await?;
            if global.json {
                output::json(&json!({
                    "redriven": done.redriven,
                    "delivered": done.delivered,
                    "refused_again": done.refused_again,
                    "no_source": done.no_source,
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
            return Ok(ExitCode::from(u8::from(done.refused_again > 0)));
        }
        DlqCommand::Discard { id } => {
            if !discard(&**store, id, backend.ports.clock.now()).await? {
                anyhow::bail!(missing(id));
            }
            output::say(&format!("the dead letter `{id}` is gone"));
        }
    }
    Ok(ExitCode::SUCCESS)
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
