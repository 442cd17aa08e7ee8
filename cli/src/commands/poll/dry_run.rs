//! `mef poll --dry-run`: a run on a copy of everything that it could change.
//!
//! The requests to the vendor are real, with the real credential and within its limits. The cursor, the
//! queue and the dead letters are in memory and gone afterwards. Two things are stored as always: a new
//! access token, since the vendor may revoke the previous one, and the bytes of a page that is not
//! understood, since whoever tries a source wants to see them.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use mef_auth::Redactor;
use mef_pipeline::Outputs;
use mef_poller::{Budget, PollPorts, Poller, RunEnd};
use mef_ports::{Commit, Cursors, DeadLetters, Http, SeenChange};
use mef_source::Source;
use mef_source::checked::Origin;
use mef_sqlite::Store;
use serde_json::{Value, json};
use url::Url;

use super::runs::show;
use super::trace::{Sink, Traced};
use crate::args::{Global, PollOptions};
use crate::backend::Backend;
use crate::offline::ports::{LimitsAsTheyAre, NoWakeups};
use crate::output;
use crate::sources::files;

/// How long a lease on the copy lasts: it is needed only to fill it.
const TTL: Duration = Duration::from_secs(30);

pub(super) async fn run(
    global: &Global,
    options: &PollOptions,
    source: &Arc<Source>,
    http: Arc<dyn Http>,
    backend: &Backend,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let poll = source.poll.as_ref().with_context(|| files::not_pulled(source))?;
    let real = &backend.ports;
    let copy = copy(source, backend).await?;
    let budget = Budget::default();
    let preview = Preview {
        json: global.json,
        origins: poll.own_origins.clone(),
        responses: AtomicU64::new(0),
        most: options.pages,
        budget: budget.clone(),
    };
    let clock = Arc::clone(&real.clock);
    let traced = Arc::new(Traced::new(http, clock, redactor.clone(), Box::new(preview)));
    let ports = PollPorts {
        cursors: Arc::new(copy.clone()),
        limits: Arc::new(LimitsAsTheyAre(Arc::clone(&real.limits))),
        wakeups: Arc::new(NoWakeups),
        outputs: Outputs {
            queue: Arc::new(copy.clone()),
            dead_letters: Arc::new(copy.clone()),
            clock: Arc::clone(&real.clock),
        },
        ..real.clone()
    };
    let http = Arc::<Traced>::clone(&traced);
    let poller = Poller::new(Arc::clone(source), http, ports);
    let poller = poller.with_context(|| files::not_pulled(source))?.one_partition_at_a_time();
    let report = poller.run(&budget).await;
    traced.flush();
    for event in copy.events(None, usize::MAX).await? {
        let event: Value = mef_ports::read_json(&event.message.body)?;
        output::json(&if global.json { json!({ "event": event }) } else { event })?;
    }
    for letter in DeadLetters::list(&copy, None, usize::MAX).await? {
        if global.json {
            output::json(&json!({ "rejected": letter }))?;
        } else {
            let place = if letter.place.is_empty() { "the record" } else { &letter.place };
            let reason = output::printable(&redactor.mask(&letter.reason));
            output::say(&format!("would be refused: {reason} ({place})"));
        }
    }
    if global.json {
        output::masked_json(redactor, &json!({ "run": report.line() }))?;
    } else {
        show(&report, false, redactor)?;
        output::say("a dry run: nothing was committed, nothing was sent to the queue");
    }
    match report.end {
        RunEnd::Failed(error) => Err(error).context("the run failed"),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Returns a store in memory with the source's cursors and the ids that they have seen.
async fn copy(source: &Source, backend: &Backend) -> anyhow::Result<Store> {
    let (cursors, clock) = (&backend.ports.cursors, &backend.ports.clock);
    let copy = Store::in_memory(Arc::clone(clock))?;
    let all = cursors.list().await?;
    for cursor in all.iter().filter(|cursor| cursor.stream.source == source.name.as_str()) {
        let mut record = cursor.record.clone();
        // A dry run may well be about a paused source.
        record.paused = None;
        let seen = cursors.seen(&cursor.stream).await?;
        let lease = copy.lease(&cursor.stream, clock.now(), TTL).await?;
        copy.commit(&lease, Commit { record: &record, seen: SeenChange::Replace(&seen) }).await?;
        copy.release(&lease).await?;
    }
    Ok(copy)
}

/// Prints each request, and ends the run after so many responses.
struct Preview {
    json: bool,
    origins: Vec<Origin>,
    responses: AtomicU64,
    most: u64,
    budget: Budget,
}

impl Sink for Preview {
    fn take(&self, exchange: &Value) {
        let request = exchange.get("request").cloned().unwrap_or_default();
        let text = |key: &str| request.get(key).and_then(Value::as_str).unwrap_or_default();
        let status = exchange.get("response").and_then(|response| response.get("status"));
        if self.json {
            let line = json!({ "request": request, "status": status });
            if output::json(&line).is_err() {
                self.budget.stop();
            }
        } else {
            let response = status.map_or_else(|| "no response".to_owned(), Value::to_string);
            output::say(&output::printable(&format!(
                "{} {}: {response}",
                text("method"),
                text("url")
            )));
        }
        let origin = text("url").parse::<Url>().ok().and_then(|url| Origin::of(&url));
        if origin.is_some_and(|origin| self.origins.contains(&origin))
            && self.responses.fetch_add(1, Ordering::Relaxed) + 1 >= self.most
        {
            self.budget.stop();
        }
    }
}
