//! `mef test`: a source's test events, through the real code, offline.
//!
//! Beside a source file, `tests/NAME.request.json` is a captured webhook and
//! `tests/NAME.records.json` a list of records as pulled; what must come of
//! them stands in `tests/NAME.expected.json`, and the secrets that signed the
//! request in `tests/secrets.env`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use mef_auth::Request;
use mef_intake::{Receiver, ReceiverPorts};
use mef_pipeline::{Admitted, Fetched, Outcome, Outputs, Pipeline};
use mef_ports::{Clock, DeadLetter, DeadLetters as _};
use mef_source::Source;
use mef_sqlite::{LocalSecrets, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::args::{Global, Test};
use crate::offline_ports::{NoNetwork, Unchanged};
use crate::{catalogue, output};

/// The moment at which tests run that name none.
const DEFAULT_AT: &str = "2026-01-01T00:00:00Z";

/// What must come of a test's input.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// The moment at which the test runs.
    at: Timestamp,
    /// The status that the sender gets; nothing for records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// The events, in order.
    events: Vec<Value>,
    /// The stage and place of each refused record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<Value>,
}

/// A webhook as it was captured.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Captured {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    body_base64: Option<String>,
}

pub(super) async fn test(global: &Global, options: &Test) -> anyhow::Result<ExitCode> {
    let dir = options.dir.as_deref().unwrap_or(&global.sources);
    let (mut passed, mut failed) = (0, 0);
    for file in catalogue::read(dir)? {
        let Some(source) = &file.source else {
            output::say(&format!(
                "FAIL {}: it does not load: run `mef check`",
                file.path.display()
            ));
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
            let outcome = one(source, &folder, &input, options.update).await;
            let ok = outcome.is_ok();
            if global.json {
                let error = outcome.as_ref().err().map(|error| format!("{error:#}"));
                output::json(&json!({ "test": name, "ok": ok, "error": error }))?;
            }
            match outcome {
                Ok(()) => output::say(&format!("PASS {name}")),
                Err(error) => output::say(&format!("FAIL {name}: {error:#}")),
            }
            if ok { passed += 1 } else { failed += 1 }
        }
    }
    output::say(&format!("{passed} passed, {failed} failed"));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One test's input.
struct Input {
    name: String,
    path: PathBuf,
    is_request: bool,
}

fn inputs(folder: &Path) -> anyhow::Result<Vec<Input>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut inputs = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        for (suffix, is_request) in [(".request.json", true), (".records.json", false)] {
            if let Some(name) = file.strip_suffix(suffix) {
                inputs.push(Input { name: name.to_owned(), path: path.clone(), is_request });
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
    update: bool,
) -> anyhow::Result<()> {
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
    let at = match &expected {
        Some(expected) => expected.at,
        None => DEFAULT_AT.parse()?,
    };
    let text = std::fs::read_to_string(&input.path)?;
    let found = if input.is_request {
        webhook(source, folder, &text, at).await?
    } else {
        records(source, &text, at)?
    };
    if update {
        let text = serde_json::to_string_pretty(&found)? + "\n";
        return Ok(std::fs::write(&expected_path, text)?);
    }
    let expected = expected.context("nothing is expected")?;
    if found != expected {
        bail!(
            "what came is not what {} expects; it is:\n{}",
            expected_path.display(),
            serde_json::to_string_pretty(&found)?
        );
    }
    Ok(())
}

async fn webhook(
    source: &Arc<Source>,
    folder: &Path,
    text: &str,
    at: Timestamp,
) -> anyhow::Result<Expected> {
    let request = captured(text)?;
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(at));
    let store = Store::in_memory(Arc::clone(&clock))?;
    let ports = ReceiverPorts {
        outputs: Outputs {
            queue: Arc::new(store.clone()),
            dead_letters: Arc::new(store.clone()),
            clock: Arc::clone(&clock),
        },
        deliveries: Arc::new(store.clone()),
        secrets: Arc::new(Unchanged(LocalSecrets::of_a_test(folder.join("secrets.env")))),
        http: Arc::new(NoNetwork),
        clock,
    };
    let receiver = Receiver::new(Arc::clone(source), ports).with_context(|| {
        format!("`{}` is pulled, not pushed: its file has no `webhook`", source.name)
    })?;
    let answer = receiver.handle(request).await;
    let mut events = Vec::new();
    for event in store.events(None, usize::MAX).await? {
        events.push(serde_json::from_str(&event.message.body)?);
    }
    let letters = store.list(None, usize::MAX).await?;
    Ok(Expected {
        at,
        status: Some(answer.response.status),
        events,
        rejected: letters.iter().map(rejected).collect(),
    })
}

fn captured(text: &str) -> anyhow::Result<Request> {
    use base64::Engine as _;
    let captured: Captured = serde_json::from_str(text).context("the request cannot be read")?;
    let body = match (captured.body, captured.body_base64) {
        (Some(text), None) => text.into_bytes(),
        (None, Some(base64)) => base64::engine::general_purpose::STANDARD
            .decode(base64)
            .context("`body_base64` is not base64")?,
        (None, None) => Vec::new(),
        (Some(_), Some(_)) => bail!("`body` and `body_base64` exclude each other"),
    };
    let (path, query) = captured.path.split_once('?').unwrap_or((&captured.path, ""));
    let headers =
        captured.headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
    Ok(Request::new(&captured.method, path, query, headers, body))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test's records stand in for fetched ones, and reach no queue"
)]
fn records(source: &Source, text: &str, at: Timestamp) -> anyhow::Result<Expected> {
    let pipeline = Pipeline::for_poll(source).with_context(|| {
        format!("`{}` is pushed, not pulled: its file has no `poll`", source.name)
    })?;
    let records: Vec<Value> = serde_json::from_str(text).context("a list of records is wanted")?;
    let id_path = source.poll.as_ref().and_then(|poll| poll.cursor.id());
    let fetched = records
        .into_iter()
        .map(|record| {
            let id = id_path.and_then(|path| path.find(&record)).and_then(Value::as_str);
            let id = id.map(str::to_owned);
            Fetched::new(record, id)
        })
        .collect();
    let Outcome { events, letters, .. } = pipeline.run(Admitted::page(fetched, at));
    let events = events
        .iter()
        .map(|prepared| serde_json::from_str(&prepared.message.body))
        .collect::<Result<_, _>>()?;
    Ok(Expected { at, status: None, events, rejected: letters.iter().map(rejected).collect() })
}

/// What a test says about a refused record: the wording may improve.
fn rejected(letter: &DeadLetter) -> Value {
    json!({ "stage": letter.stage, "place": letter.place })
}

/// A clock that stands still.
struct FixedClock(Timestamp);

#[async_trait::async_trait]
impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }

    async fn sleep(&self, _: std::time::Duration) {}
}
