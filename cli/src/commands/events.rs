//! `mef events`: shows the events in the queue, or takes them out.

use std::process::ExitCode;
use std::time::Duration;

use mef_auth::Redactor;
use mef_sqlite::QueuedEvent;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::args::{self, EventsOptions, Global};
use crate::local::ports::{Access, Local};
use crate::output;
use crate::sources::known;

/// How many events are read at once.
const BATCH: usize = 500;
/// How often a follower looks: other processes write to the file.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) async fn events(
    global: &Global,
    options: &EventsOptions,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    if global.backend == args::Backend::Aws {
        return remote_events(global, options).await;
    }
    let access = if options.consume { Access::Remove } else { Access::Look };
    let local = Local::open(global, access, redactor)?;
    if let Some(source) = &options.source {
        let stored = local.store.sources().await?;
        known::must_be_known(&global.sources, source, &stored)?;
    }
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
            // Removed only once they are printed.
            output::flush()?;
            local.store.remove(&taken).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with the feature it asks AWS")]
async fn remote_events(_: &Global, _: &EventsOptions) -> anyhow::Result<ExitCode> {
    Err(crate::backend::without_aws())
}

/// `mef events` on AWS, where a look is a receive.
#[cfg(feature = "aws")]
async fn remote_events(global: &Global, options: &EventsOptions) -> anyhow::Result<ExitCode> {
    use anyhow::bail;

    /// How many events are received at once.
    const RECEIVED: usize = 100;
    /// How long a look at the queue waits for the first event.
    const FIRST_EVENT: Duration = Duration::from_secs(2);
    /// How long a follower's look waits.
    const FOLLOW: Duration = Duration::from_secs(20);

    let queue = crate::remote::Remote::open(global).await?.queue();
    if options.after.is_some() || options.source.is_some() {
        bail!("--after and --source are for the embedded store: SQS has no order and no choice");
    }
    if !options.receive && !options.consume {
        let counts = queue.counts().await?;
        bail!(
            "about {} events wait in the queue and {} are with a reader; SQS has no look that leaves them alone: add \
             --receive, which hides each for the queue's visibility timeout and counts as one of its deliveries",
            counts.waiting,
            counts.in_flight
        );
    }
    if options.follow && !options.consume {
        bail!(
            "--follow would receive every event again and again, until SQS takes it for failed and moves it to the \
             dead-letter queue: add --consume, or leave --follow out"
        );
    }
    let mut left = options.limit.unwrap_or(usize::MAX);
    while left > 0 {
        let wait = if options.follow { FOLLOW } else { FIRST_EVENT };
        let batch = queue.receive(left.min(RECEIVED), wait).await?;
        if batch.is_empty() && !options.follow {
            break;
        }
        for event in &batch {
            let body = &event.message.body;
            if global.json || options.attributes || !output::is_terminal() {
                output::line(body)?;
            } else {
                output::line(&output::summary_line(body))?;
            }
        }
        left -= batch.len();
        if options.consume {
            // Removed only once they are printed.
            output::flush()?;
            queue.delete(batch.iter().map(|event| event.receipt.as_str())).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// An event and its attributes in the queue.
#[derive(Serialize)]
struct WithAttributes<'e> {
    position: i64,
    event_id: &'e str,
    source: &'e str,
    queued_at: String,
    event: &'e RawValue,
}

fn print(event: &QueuedEvent, options: &EventsOptions, json: bool) -> anyhow::Result<()> {
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
    output::line(&output::summary_line(body))
}
