//! A vendor that responds as a file says, for `mef test`.
//!
//! The file lists the exchanges in their order. Each request must keep to the source's origins, as in
//! production, and must be as expected; any other request is refused, which ends the run. The clock moves
//! only by the time that a response takes and the time that the engine waits.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use mef_auth::Redactor;
use mef_http::may_reach;
use mef_ports::{CursorRecord, Http, HttpError, HttpRequest, HttpResponse};
use mef_source::Source;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::clock::TestClock;

/// `tests/NAME.exchanges.yml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchanges {
    /// When the first run begins.
    at: Timestamp,
    /// The cursor before it; `None` if it is the source's first run.
    #[serde(default)]
    pub(crate) cursor: Option<CursorRecord>,
    /// The cursors of the partitions before it.
    #[serde(default)]
    pub(crate) cursors: BTreeMap<String, CursorRecord>,
    /// The exchanges of the first run.
    exchanges: Vec<Exchange>,
    /// Further runs on the same store.
    #[serde(default)]
    then: Vec<LaterRun>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LaterRun {
    at: Timestamp,
    exchanges: Vec<Exchange>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    #[serde(default)]
    expect: Expect,
    respond: WrittenResponse,
}

/// What a request must have. What is not given may be anything.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    #[serde(default)]
    method: Option<String>,
    /// The origin, if it is not the source file's.
    #[serde(default)]
    origin: Option<String>,
    #[serde(default)]
    path: Option<String>,
    /// Parameters: a list for one that comes several times, `null` for one that must be absent.
    #[serde(default)]
    query: BTreeMap<String, Value>,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    #[serde(default)]
    json: Option<Value>,
    #[serde(default)]
    form: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    text: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenResponse {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    json: Option<Value>,
    #[serde(default)]
    text: Option<String>,
    /// A file beside the test, sent as it is.
    #[serde(default)]
    file: Option<PathBuf>,
    /// How long the response takes.
    #[serde(default)]
    after: Option<SignedDuration>,
    /// Why the connection broke: there is no response.
    #[serde(default)]
    broken: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

fn ok() -> u16 {
    200
}

/// One run: when it begins, and the exchanges that it must make.
pub(crate) struct MockRun {
    pub(crate) at: Timestamp,
    responses: VecDeque<(Expect, MockResponse)>,
}

struct MockResponse {
    result: Result<HttpResponse, String>,
    after: Duration,
}

impl Exchanges {
    /// Reads the file's text.
    ///
    /// # Errors
    ///
    /// Fails if it is not such a file; the error names the line and column.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Exchanges> {
        serde_saphyr::from_str(text).map_err(|error| anyhow::anyhow!("{error}"))
    }

    /// Returns the runs, in order, with bodies read from the files of `folder`.
    ///
    /// # Errors
    ///
    /// Fails if a response cannot be made.
    pub(crate) fn runs(self, folder: &Path) -> anyhow::Result<Vec<MockRun>> {
        let first = LaterRun { at: self.at, exchanges: self.exchanges };
        let run = |run: LaterRun| {
            let responses = run.exchanges.into_iter().enumerate().map(|(index, exchange)| {
                let response = exchange.respond.read(folder);
                let response =
                    response.with_context(|| format!("the response of exchange {}", index + 1))?;
                anyhow::Ok((exchange.expect, response))
            });
            Ok(MockRun { at: run.at, responses: responses.collect::<Result<_, _>>()? })
        };
        std::iter::once(first).chain(self.then).map(run).collect()
    }
}

impl WrittenResponse {
    fn read(self, folder: &Path) -> anyhow::Result<MockResponse> {
        let bodies = [self.json.is_some(), self.text.is_some(), self.file.is_some()];
        if bodies.into_iter().filter(|there| *there).count() > 1 {
            bail!("has more than one of `json`, `text` and `file`");
        }
        let mut headers = HeaderMap::new();
        for (name, values) in self.headers {
            let values = match values {
                OneOrMany::One(value) => vec![value],
                OneOrMany::Many(values) => values,
            };
            for value in values {
                headers.append(
                    name.parse::<HeaderName>()
                        .with_context(|| format!("`{name}` is not a header's name"))?,
                    HeaderValue::from_str(&value)
                        .with_context(|| format!("`{value}` is not a header's value"))?,
                );
            }
        }
        let body = match (self.json, self.text, self.file) {
            (Some(json), ..) => json.to_string().into_bytes(),
            (_, Some(text), _) => text.into_bytes(),
            (.., Some(file)) => std::fs::read(folder.join(&file))
                .with_context(|| format!("cannot read {}", folder.join(&file).display()))?,
            _ => Vec::new(),
        };
        let status = StatusCode::from_u16(self.status)
            .with_context(|| format!("{} is not a status", self.status))?;
        let response = HttpResponse { status, headers, body: Bytes::from(body) };
        let after = self.after.unwrap_or_default();
        Ok(MockResponse {
            result: self.broken.map_or(Ok(response), Err),
            after: Duration::try_from(after).context("`after` is negative")?,
        })
    }
}

/// The vendor.
pub(crate) struct MockVendor {
    source: Arc<Source>,
    clock: Arc<TestClock>,
    redactor: Redactor,
    log: Mutex<RunLog>,
}

/// What happened in a run.
#[derive(Default)]
pub(crate) struct RunLog {
    /// The responses that were not asked for yet.
    left: VecDeque<(Expect, MockResponse)>,
    /// The requests, without secrets.
    pub(crate) requests: Vec<Value>,
    /// What was not as expected.
    pub(crate) wrong: Vec<String>,
}

impl MockVendor {
    pub(crate) fn new(
        source: Arc<Source>,
        clock: Arc<TestClock>,
        redactor: Redactor,
    ) -> MockVendor {
        MockVendor { source, clock, redactor, log: Mutex::default() }
    }

    /// Begins the next run.
    pub(crate) fn begin(&self, run: MockRun) {
        *self.log() = RunLog { left: run.responses, ..RunLog::default() };
    }

    /// Returns what happened in the run; exchanges that never came are wrong too.
    pub(crate) fn end(&self) -> RunLog {
        let mut log = std::mem::take(&mut *self.log());
        if !log.left.is_empty() {
            let (made, left) = (log.requests.len(), log.left.len());
            log.wrong.push(format!(
                "the run ended after {made} requests, and {left} exchanges never came"
            ));
        }
        log
    }

    fn log(&self) -> MutexGuard<'_, RunLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares the request with what is expected, and returns the response to it.
    fn respond(&self, request: &HttpRequest) -> Result<MockResponse, HttpError> {
        let refused = |reason: &str| HttpError::Forbidden {
            host: request.url.host_str().unwrap_or_default().to_owned(),
            reason: reason.to_owned(),
        };
        let mut log = self.log();
        let number = log.requests.len() + 1;
        log.requests.push(shown(request, &self.redactor));
        let Some(poll) = &self.source.poll else { return Err(refused("it is not pulled")) };
        may_reach(poll, request)?;
        let Some((expect, response)) = log.left.pop_front() else {
            let url = self.redactor.mask(request.url.as_str()).into_owned();
            log.wrong.push(format!(
                "request {number} is one more than there are exchanges: {} {url}",
                request.method
            ));
            return Err(refused("the test has no response for it"));
        };
        let wrong = expect.against(request, &self.redactor);
        if wrong.is_empty() {
            return Ok(response);
        }
        log.wrong.extend(wrong.into_iter().map(|wrong| format!("request {number}: {wrong}")));
        Err(refused("it is not the request that the test expects"))
    }
}

#[async_trait]
impl Http for MockVendor {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let response = self.respond(&request)?;
        self.clock.pass(response.after.min(request.timeout));
        if response.after > request.timeout {
            return Err(HttpError::Transport("the response takes too long".into()));
        }
        let response = response.result.map_err(|broken| HttpError::Transport(broken.into()))?;
        if response.body.len() > request.max_body {
            return Err(HttpError::TooLarge { limit: request.max_body });
        }
        Ok(response)
    }
}

impl Expect {
    /// Returns what is not as expected in `request`.
    fn against(&self, request: &HttpRequest, redactor: &Redactor) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut compare = |what: &str, wanted: Vec<String>, found: Vec<String>| {
            let mask = |found: &String| redactor.mask(found).into_owned();
            let found: Vec<_> = found.iter().map(mask).collect();
            if wanted != found {
                let name = |texts: Vec<String>| match texts.as_slice() {
                    [] => "nothing".to_owned(),
                    texts => format!("`{}`", texts.join("`, `")),
                };
                wrong.push(format!("{what} is {}, not {}", name(found), name(wanted)));
            }
        };
        if let Some(method) = &self.method {
            compare("the method", vec![method.clone()], vec![request.method.to_string()]);
        }
        if let Some(origin) = &self.origin {
            let found = request.url.origin().ascii_serialization();
            compare("the origin", vec![origin.clone()], vec![found]);
        }
        if let Some(path) = &self.path {
            compare("the path", vec![path.clone()], vec![request.url.path().to_owned()]);
        }
        for (name, wanted) in &self.query {
            let found = values(request.url.query_pairs(), name);
            compare(&format!("the parameter `{name}`"), plain(wanted), found);
        }
        for (name, wanted) in &self.headers {
            let found = request.headers.get(name).and_then(|value| value.to_str().ok());
            let found = found.map(str::to_owned).into_iter().collect();
            compare(&format!("the header `{name}`"), plain(wanted), found);
        }
        let body = request.body.as_ref().map(|body| {
            let text = String::from_utf8_lossy(body);
            redactor.mask(&text).into_owned()
        });
        if let Some(wanted) = &self.text {
            compare("the body", vec![wanted.clone()], body.iter().cloned().collect());
        }
        if let Some(wanted) = &self.json {
            let found: Option<Value> =
                body.as_ref().and_then(|body| serde_json::from_str(body).ok());
            if found.as_ref() != Some(wanted) {
                let found = found.map_or_else(|| body.clone(), |found| Some(found.to_string()));
                compare("the body", vec![wanted.to_string()], found.into_iter().collect());
            }
        }
        if let Some(wanted) = &self.form {
            let body = body.unwrap_or_default();
            for (name, wanted) in wanted {
                let found = values(url::form_urlencoded::parse(body.as_bytes()), name);
                compare(&format!("the field `{name}`"), plain(wanted), found);
            }
        }
        wrong
    }
}

/// Returns the texts of a value: several for a list, none for `null`.
fn plain(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(plain).collect(),
        other => vec![other.to_string()],
    }
}

/// Returns every value that is called `name`, in order.
fn values(pairs: url::form_urlencoded::Parse<'_>, name: &str) -> Vec<String> {
    pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
}

/// Returns a request as a test's result shows it: without secrets.
pub(crate) fn shown(request: &HttpRequest, redactor: &Redactor) -> Value {
    let mask = |text: &str| redactor.mask(text).into_owned();
    let mut shown = Map::new();
    shown.insert("method".to_owned(), request.method.as_str().into());
    shown.insert("url".to_owned(), mask(request.url.as_str()).into());
    let headers: Map<String, Value> = request
        .headers
        .iter()
        .map(|(name, value)| {
            (name.to_string(), mask(&String::from_utf8_lossy(value.as_bytes())).into())
        })
        .collect();
    shown.insert("headers".to_owned(), headers.into());
    if let Some(body) = &request.body {
        let text = mask(&String::from_utf8_lossy(body));
        let body = serde_json::from_str(&text).unwrap_or_else(|_| json!(text));
        shown.insert("body".to_owned(), body);
    }
    shown.into()
}
