//! `mef events`: a look into the queue, or out of it.

use std::process::ExitCode;
use std::time::Duration;

use mef_auth::Redactor;
use mef_sqlite::QueuedEvent;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::args::{self, Events, Global};
use crate::local::Local;
use crate::output;

/// How many events are read at once.
const BATCH: usize = 500;
/// How often a follower looks: other processes write to the file.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) async fn events(
    global: &Global,
    options: &Events,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    if global.backend == args::Backend::Aws {
        return remote_events(global, options).await;
    }
    let local = Local::open(global, redactor)?;
    let mut after = options.after;
    let mut left = options.limit.unwrap_or(usize::MAX);
    while left > 0 {
        let batch = local.store.events(after, BATCH).await?;
        if batch.is_empty() {
            if !options.follow {
                break;
            }
            local.clock.sleep(LOOK_EVERY).await;
            continue;
        }
        let mut taken = Vec::new();
        for event in batch {
            if left == 0 {
                break;
            }
            after = Some(event.position);
            if options.source.as_ref().is_some_and(|source| *source != event.message.source) {
                continue;
            }
            print(&event, options, global.json)?;
            taken.push(event.position);
            left -= 1;
        }
        if options.consume {
            // Out of the queue only once it is out of our hands.
            output::flush()?;
            local.store.remove(&taken).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with the feature it asks AWS")]
async fn remote_events(_: &Global, _: &Events) -> anyhow::Result<ExitCode> {
    Err(crate::backend::without_aws())
}

#[cfg(feature = "aws")]
use crate::remote::events as remote_events;

/// An event with what the queue knows about it.
#[derive(Serialize)]
struct WithAttributes<'e> {
    position: i64,
    event_id: &'e str,
    source: &'e str,
    queued_at: String,
    event: &'e RawValue,
}

fn print(event: &QueuedEvent, options: &Events, json: bool) -> anyhow::Result<()> {
    let body = &event.message.body;
    if options.attributes {
        return output::json(&WithAttributes {
            position: event.position,
            event_id: &event.message.event_id,
            source: &event.message.source,
            queued_at: event.queued_at.to_string(),
            event: serde_json::from_str(body)?,
        });
    }
    if json || !output::is_terminal() {
        return output::line(body);
    }
    output::line(&summary_line(body))
}

/// An event in one line for a person.
pub(crate) fn summary_line(body: &str) -> String {
    let event: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let field = |name: &str| event.get(name).and_then(serde_json::Value::as_str).unwrap_or("-");
    let line = format!(
        "{}  {:8}  {:14}  {}",
        field("timestamp"),
        field("severity"),
        field("category"),
        field("summary")
    );
    output::printable(&line)
}
