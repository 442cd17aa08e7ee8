//! `mef test`: a source's test events, through the real code, offline.
//!
//! Beside a source file, `tests/NAME.request.json` is a captured webhook, `tests/NAME.records.json` a
//! list of pulled records, and `tests/NAME.exchanges.yml` a vendor's responses to whole runs of the
//! poller (see [`crate::offline::exchanges`]). The expected result is in `tests/NAME.expected.json`, the
//! secrets that signed a request in `tests/secrets.env`, and the vendor's published keys in files that
//! `tests/keys.json` names.

mod expected;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use mef_pipeline::{Fetched, Outcome, Pipeline};
use mef_ports::DeadLetter;
use mef_source::Source;
use mef_sqlite::LocalSecrets;
use serde_json::{Value, json};

use self::expected::Expected;
use crate::args::{Global, TestOptions};
use crate::offline::captured::Captured;
use crate::offline::webhook::Judged;
use crate::offline::{poll, webhook};
use crate::output;
use crate::sources::files;

/// When a test runs that names no moment.
const DEFAULT_AT: &str = "2026-01-01T00:00:00Z";

/// Where the webhooks of a test come in: the same for everybody who signs or runs it.
const ENDPOINT: &str = "https://hooks.example.com";

pub(super) async fn test(global: &Global, options: &TestOptions) -> anyhow::Result<ExitCode> {
    let dir = options.dir.as_deref().unwrap_or(&global.sources);
    let (mut passed, mut failed) = (0, 0);
    let endpoint = ENDPOINT.parse().ok();
    for file in files::read(dir)? {
        let Some(source) = &file.deployed_at(endpoint.as_ref()) else {
            output::say(&format!("FAIL {}: does not load: run `mef check`", file.path.display()));
            failed += 1;
            continue;
        };
        let folder = file.folder().join("tests");
        let inputs = inputs(&folder)?;
        if inputs.is_empty() {
            output::say(&format!("FAIL {}: no test in {}", source.name, folder.display()));
            failed += 1;
        }
        for input in inputs {
            let name = format!("{}/{}", source.name, input.name);
            let outcome = one(source, &folder, &input, options).await;
            let ok = outcome.is_ok();
            if global.json {
                let error = outcome.as_ref().err().map(|error| format!("{error:#}"));
                let came = outcome.as_ref().ok();
                output::json(&json!({
                    "test": name,
                    "ok": ok,
                    "error": error,
                    "events": came.map(|came| came.found.events.len()),
                    "rejected": came.map(|came| came.found.rejected.len()),
                    "fallbacks": came.map(|came| &came.fallbacks),
                }))?;
            }
            match outcome {
                Ok(Ran { found, fallbacks, .. }) => {
                    output::say(&format!("PASS {name}: {}", words::words(&found, &fallbacks)));
                }
                Err(error) => output::say(&format!("FAIL {name}: {error:#}")),
            }
            if ok { passed += 1 } else { failed += 1 }
        }
    }
    output::say(&format!("{passed} passed, {failed} failed"));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a test came to.
struct Ran {
    found: Expected,
    /// Of each field of events, how many had no value for it.
    fallbacks: BTreeMap<String, u64>,
    /// Why the request was refused, if it was.
    refused: Option<String>,
}

/// One test's input.
struct Input {
    name: String,
    path: PathBuf,
    kind: InputKind,
}

/// The kind of a test's input.
#[derive(Clone, Copy)]
enum InputKind {
    Request,
    Records,
    Exchanges,
}

fn inputs(folder: &Path) -> anyhow::Result<Vec<Input>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut inputs = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        for (suffix, kind) in [
            (".request.json", InputKind::Request),
            (".records.json", InputKind::Records),
            (".exchanges.yml", InputKind::Exchanges),
        ] {
            if let Some(name) = file.strip_suffix(suffix) {
                inputs.push(Input { name: name.to_owned(), path: path.clone(), kind });
            }
        }
    }
    inputs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(inputs)
}

async fn one(
    source: &Arc<Source>,
    folder: &Path,
    input: &Input,
    options: &TestOptions,
) -> anyhow::Result<Ran> {
    let update = options.update;
    let expected_path = folder.join(format!("{}.expected.json", input.name));
    let expected: Option<Expected> = match std::fs::read_to_string(&expected_path) {
        Ok(text) => Some(
            serde_json::from_str(&text)
                .with_context(|| format!("{} cannot be read", expected_path.display()))?,
        ),
        Err(_) if update => None,
        Err(error) => {
            bail!("{}: {error}; `mef test --update` writes it", expected_path.display())
        }
    };
    let default: Timestamp = DEFAULT_AT.parse()?;
    let at = expected.as_ref().map_or(default, |expected| expected.at);
    let text = std::fs::read_to_string(&input.path)?;
    let ran = match input.kind {
        InputKind::Request => {
            let captured = captured(&text)?;
            // A signed time is good only near the moment at which it was made.
            let at = match captured.received_at {
                Some(received_at) if update && at == default => received_at,
                _ => at,
            };
            webhook(source, folder, captured, at).await?
        }
        InputKind::Records => records(source, &text, at)?,
        InputKind::Exchanges => exchanges(source, folder, &text).await?,
    };
    if update {
        let is_expected = expected.is_some_and(|expected| expected.status == ran.found.status);
        if let (Some(why), false) = (&ran.refused, is_expected || options.accept_refusal) {
            bail!(
                "nothing is written, since this would pin a refusal: {why}. If the request must be refused, \
                 add --accept-refusal"
            );
        }
        let text = serde_json::to_string_pretty(&ran.found)? + "\n";
        std::fs::write(&expected_path, text)?;
        return Ok(ran);
    }
    let expected = expected.context("there is no expected result")?;
    if ran.found != expected {
        let why = ran.refused.map(|why| format!(" ({why})")).unwrap_or_default();
        bail!(
            "the result is not what {} expects; it is{why}:\n{}",
            expected_path.display(),
            serde_json::to_string_pretty(&ran.found)?
        );
    }
    Ok(ran)
}

fn captured(text: &str) -> anyhow::Result<Captured> {
    let captured = Captured::parse(text).context("the request cannot be read")?;
    if let Some(key) = captured.unknown.first() {
        bail!("the request has the unknown key `{key}`: remove it");
    }
    Ok(captured)
}

/// Says why a request was refused, and what a test lacks that may be the cause.
fn refusal(judged: &Judged, folder: &Path, at: Timestamp, is_masked: bool) -> Option<String> {
    let status = judged.handled.answer.status;
    if status < 400 {
        return None;
    }
    let secrets = folder.join("secrets.env");
    let lacks = match (secrets.exists(), is_masked) {
        (false, _) => format!(
            "; {} is not there: the secrets that signed the request belong into it, as lines \
             MEF_SECRET_<SOURCE>_<NAME>=value",
            secrets.display()
        ),
        (true, true) => "; its credentials are masked, so it cannot be authentic".to_owned(),
        (true, false) => String::new(),
    };
    let reason = judged.handled.verdict.reason();
    Some(format!("answered {status} as of {at}, since {reason}{lacks}"))
}

async fn webhook(
    source: &Arc<Source>,
    folder: &Path,
    captured: Captured,
    at: Timestamp,
) -> anyhow::Result<Ran> {
    let is_masked = captured.is_masked;
    let secrets = Arc::new(LocalSecrets::of_a_test(folder.join("secrets.env")));
    let judged = webhook::judge(source, captured.request, secrets, folder, at).await?;
    let refused = refusal(&judged, folder, at, is_masked);
    let found = Expected {
        at,
        status: Some(judged.handled.answer.status),
        events: judged.events,
        rejected: judged.rejected.iter().map(rejected).collect(),
        ..Expected::default()
    };
    Ok(Ran { found, fallbacks: judged.fallbacks, refused })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test's records stand in for fetched ones, and reach no queue"
)]
fn records(source: &Source, text: &str, at: Timestamp) -> anyhow::Result<Ran> {
    let pipeline = Pipeline::for_poll(source).with_context(|| files::not_pulled(source))?;
    let records: Vec<Value> = serde_json::from_str(text).context("it is not a list of records")?;
    let id = source.poll.as_ref().and_then(|poll| poll.cursor.id());
    let fetched = records.into_iter().map(|record| {
        let id = id.and_then(|id| id.find(&record));
        Fetched::new(record, id)
    });
    let Outcome { events, letters, fallbacks, .. } = pipeline.page(at, fetched);
    let events = events
        .iter()
        .map(|prepared| mef_ports::read_json(&prepared.message.body))
        .collect::<Result<_, _>>()?;
    let found = Expected {
        at,
        events,
        rejected: letters.iter().map(rejected).collect(),
        ..Expected::default()
    };
    Ok(Ran { found, fallbacks: fallbacks.into_fields(), refused: None })
}

async fn exchanges(source: &Arc<Source>, folder: &Path, text: &str) -> anyhow::Result<Ran> {
    let pulled = poll::pull(source, folder, text).await?;
    let found = Expected {
        at: pulled.at,
        status: None,
        runs: pulled.runs,
        cursors: pulled.cursors,
        events: pulled.events,
        rejected: pulled.rejected.iter().map(rejected).collect(),
    };
    Ok(Ran { found, fallbacks: pulled.fallbacks, refused: None })
}

/// Returns what a test compares of a rejected record; the reason is left out, since its wording may improve.
fn rejected(letter: &DeadLetter) -> Value {
    json!({ "stage": letter.stage, "place": letter.place })
}
