//! Runs of the real poller against a vendor in a file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use mef_auth::{RedactingSecrets, Redactor};
use mef_pipeline::Outputs;
use mef_poller::{Budget, PollPorts, Poller};
use mef_ports::{Clock, Cursors, DeadLetter, DeadLetters, OpenWindow, Position, StreamKey, chain};
use mef_source::Source;
use mef_sqlite::{LocalSecrets, Store};
use serde::Serialize;
use serde_json::{Value, json};

use super::clock::TestClock;
use super::exchanges::{Exchanges, MockVendor};
use super::ports::NoWakeups;
use crate::sources::files;

/// The result of the runs.
pub(crate) struct Pulled {
    /// When the first run began.
    pub(crate) at: Timestamp,
    /// Each run: how it ended, and its requests.
    pub(crate) runs: Vec<Value>,
    /// The cursors afterwards.
    pub(crate) cursors: Vec<Value>,
    /// The queue's messages, in order.
    pub(crate) events: Vec<Value>,
    /// The records that became dead letters.
    pub(crate) rejected: Vec<DeadLetter>,
    /// Of each field of events, how many had no value for it.
    pub(crate) fallbacks: BTreeMap<String, u64>,
}

/// A cursor as a test sees it: without what differs between machines or versions of the source file.
#[derive(Serialize)]
struct Cursor {
    #[serde(skip_serializing_if = "String::is_empty")]
    partition: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<Position>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reached: Option<Timestamp>,
}

/// Runs `source` against the exchanges in `text`, with the files and the secrets of `folder`.
///
/// # Errors
///
/// Fails if a request is not as expected, or an exchange never comes.
pub(crate) async fn pull(
    source: &Arc<Source>,
    folder: &Path,
    text: &str,
) -> anyhow::Result<Pulled> {
    let exchanges = Exchanges::parse(text)?;
    let (whole, parts) = (exchanges.cursor.clone(), exchanges.cursors.clone());
    let runs = exchanges.runs(folder)?;
    let first = runs.first().context("there is no run")?;
    let at = first.at;
    let clock = Arc::new(TestClock::new(at));
    let as_port: Arc<dyn Clock> = Arc::<TestClock>::clone(&clock);
    let store = Store::in_memory(Arc::clone(&as_port))?;
    let redactor = Redactor::default();
    let secrets = Arc::new(LocalSecrets::of_a_test(folder.join("secrets.env")));
    let vendor =
        Arc::new(MockVendor::new(Arc::clone(source), Arc::clone(&clock), redactor.clone()));
    let ports = PollPorts {
        cursors: Arc::new(store.clone()),
        limits: Arc::new(store.clone()),
        wakeups: Arc::new(NoWakeups),
        blobs: Arc::new(store.clone()),
        secrets: Arc::new(RedactingSecrets::new(secrets, redactor.clone())),
        tokens: Arc::new(store.clone()),
        outputs: Outputs {
            queue: Arc::new(store.clone()),
            dead_letters: Arc::new(store.clone()),
            clock: Arc::clone(&as_port),
        },
        clock: as_port,
        redactor: redactor.clone(),
    };
    let http: Arc<MockVendor> = Arc::clone(&vendor);
    let poller = Poller::new(Arc::clone(source), http, ports)
        .with_context(|| files::not_pulled(source))?
        .one_partition_at_a_time();
    let whole = whole.map(|record| (String::new(), record));
    for (partition, mut record) in whole.into_iter().chain(parts) {
        if let Some(poll) = &source.poll {
            record.keep_under(&poll.request_digest);
        }
        store.set(&StreamKey { partition, ..poller.stream() }, &record).await?;
    }
    let (mut done, mut fallbacks) = (Vec::new(), BTreeMap::<String, u64>::new());
    for (index, run) in runs.into_iter().enumerate() {
        clock.set(run.at);
        vendor.begin(run);
        let report = poller.run(&Budget::default()).await;
        for (field, count) in &report.summary.fallbacks {
            *fallbacks.entry(field.clone()).or_default() += count;
        }
        let log = vendor.end();
        let error = match &report.end {
            mef_poller::RunEnd::Failed(error) => Some(redactor.mask(&chain(error)).into_owned()),
            _ => None,
        };
        if !log.wrong.is_empty() {
            let why = error.map(|error| format!("; the run failed: {error}")).unwrap_or_default();
            bail!("run {}: {}{why}", index + 1, log.wrong.join("; "));
        }
        let mut line = json!({ "end": report.end.name(), "requests": log.requests });
        if let (Some(line), Some(error)) = (line.as_object_mut(), error) {
            line.insert("error".to_owned(), error.into());
        }
        done.push(line);
    }
    let cursors = Cursors::list(&store).await?;
    let cursors = cursors.into_iter().map(|cursor| {
        serde_json::to_value(Cursor {
            partition: cursor.stream.partition,
            done: cursor.record.done().cloned(),
            open: cursor.record.open().map(window),
            pass: cursor
                .record
                .pass()
                .map(|pass| json!({ "from": pass.from, "newest": pass.newest, "next": pass.next })),
            reached: cursor.record.reached(),
        })
    });
    let cursors = cursors.collect::<Result<_, _>>()?;
    let events = store.events(None, usize::MAX).await?;
    let events = events.iter().map(|event| mef_ports::read_json(&event.message.body));
    Ok(Pulled {
        at,
        runs: done,
        cursors,
        events: events.collect::<Result<_, _>>()?,
        rejected: DeadLetters::list(&store, None, usize::MAX).await?,
        fallbacks,
    })
}

fn window(open: &OpenWindow) -> Value {
    json!({ "start": open.start, "end": open.end, "next": open.next })
}
