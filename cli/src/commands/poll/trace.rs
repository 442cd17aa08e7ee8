//! The requests of a poll and their responses, without secrets.
//!
//! An exchange is written when the next one begins, or at the end. By then the redactor knows each
//! credential that was new in it, such as an access token. Some it never learns, such as a session's
//! cookie or a refresh token that is never used: those are masked by their name.

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use async_trait::async_trait;
use http::HeaderMap;
use jiff::Timestamp;
use mef_auth::Redactor;
use mef_ports::{Clock, Http, HttpError, HttpRequest, HttpResponse, chain};
use serde_json::{Map, Value, json};

use crate::private_file;

/// The longest body that is written whole, in bytes.
const LONGEST_BODY: usize = 64 * 1024;
const MASK: &str = "***";

/// Headers whose value is a credential, whatever it says.
const HEADERS: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "x-auth-key",
    "api-key",
];
/// Fields of a JSON or form body, or of a query, whose value is a credential.
const FIELDS: [&str; 16] = [
    "access_token",
    "accesstoken",
    "refresh_token",
    "refreshtoken",
    "id_token",
    "idtoken",
    "session_token",
    "sessiontoken",
    "session_id",
    "sessionid",
    "password",
    "client_secret",
    "client_assertion",
    "assertion",
    "api_key",
    "apikey",
];

/// Where exchanges go.
pub(crate) trait Sink: Send + Sync {
    /// Takes one exchange, without secrets.
    fn take(&self, exchange: &Value);
}

/// A file of exchanges, one JSON object a line.
pub(crate) struct File(Mutex<std::fs::File>);

impl File {
    /// Creates the file, which only its owner may read; fails if it exists.
    pub(crate) fn create(path: &Path) -> anyhow::Result<File> {
        let file = private_file::create(path);
        Ok(File(Mutex::new(file.with_context(|| format!("cannot make {}", path.display()))?)))
    }
}

impl Sink for File {
    fn take(&self, exchange: &Value) {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = writeln!(file, "{exchange}") {
            tracing::warn!(error = %error, "an exchange is missing in the trace");
        }
    }
}

/// An HTTP client that shows its exchanges to a sink.
pub(crate) struct Traced {
    inner: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
    redactor: Redactor,
    sink: Box<dyn Sink>,
    pending: Mutex<VecDeque<Value>>,
}

impl Traced {
    pub(crate) fn new(
        inner: Arc<dyn Http>,
        clock: Arc<dyn Clock>,
        redactor: Redactor,
        sink: Box<dyn Sink>,
    ) -> Traced {
        Traced { inner, clock, redactor, sink, pending: Mutex::default() }
    }

    /// Writes the exchanges that were held back.
    pub(crate) fn flush(&self) {
        let pending = std::mem::take(&mut *self.pending());
        for exchange in pending {
            self.sink.take(&without_secrets(exchange, &self.redactor));
        }
    }

    fn pending(&self) -> MutexGuard<'_, VecDeque<Value>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Http for Traced {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.flush();
        let began = self.clock.now();
        let mut exchange = request_side(&request, began);
        let result = self.inner.send(request).await;
        let took = self.clock.now().duration_since(began).as_millis();
        exchange.insert("took_ms".to_owned(), json!(u64::try_from(took).unwrap_or_default()));
        match &result {
            Ok(response) => exchange.insert("response".to_owned(), response_side(response)),
            Err(error) => exchange.insert("error".to_owned(), chain(error).into()),
        };
        self.pending().push_back(exchange.into());
        result
    }
}

fn request_side(request: &HttpRequest, at: Timestamp) -> Map<String, Value> {
    let mut exchange = Map::new();
    exchange.insert("at".to_owned(), at.to_string().into());
    let mut url = request.url.clone();
    if request.url.query().is_some() {
        let pairs = request.url.query_pairs().map(|(name, value)| {
            let value = if is_field(&name) { MASK.into() } else { value };
            (name.into_owned(), value.into_owned())
        });
        url.query_pairs_mut().clear().extend_pairs(pairs.collect::<Vec<_>>());
    }
    exchange.insert(
        "request".to_owned(),
        json!({
            "method": request.method.as_str(),
            "url": url.as_str(),
            "headers": headers(&request.headers),
            "body": request.body.as_deref().map(body),
        }),
    );
    exchange
}

fn response_side(response: &HttpResponse) -> Value {
    json!({
        "status": response.status.as_u16(),
        "headers": headers(&response.headers),
        "body": body(&response.body),
    })
}

fn headers(headers: &HeaderMap) -> Value {
    let pairs = headers.iter().map(|(name, value)| {
        let value = if value.is_sensitive() || HEADERS.contains(&name.as_str()) {
            MASK.to_owned()
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        json!([name.as_str(), value])
    });
    pairs.collect()
}

fn body(bytes: &[u8]) -> Value {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return json!(format!("{} bytes that are not text", bytes.len()));
    };
    if let Ok(mut json) = serde_json::from_str::<Value>(text) {
        mask_fields(&mut json);
        return json;
    }
    let pairs: Vec<_> = url::form_urlencoded::parse(bytes).collect();
    if text.contains('=') && pairs.iter().any(|(name, _)| is_field(name)) {
        let pairs = pairs.into_iter().map(|(name, value)| {
            let value = if is_field(&name) { MASK.into() } else { value };
            (name, value)
        });
        return url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
            .into();
    }
    text.into()
}

fn is_field(name: &str) -> bool {
    FIELDS.contains(&name.to_ascii_lowercase().as_str())
}

fn mask_fields(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                if is_field(name) && !value.is_null() {
                    *value = MASK.into();
                } else {
                    mask_fields(value);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(mask_fields),
        _ => {}
    }
}

/// Masks every known credential, in names and in values, and cuts long bodies after that: half a
/// credential would not be recognised.
fn without_secrets(mut exchange: Value, redactor: &Redactor) -> Value {
    mask_texts(&mut exchange, redactor);
    for side in ["request", "response"] {
        let Some(body) = exchange.get_mut(side).and_then(|side| side.get_mut("body")) else {
            continue;
        };
        let text = match &*body {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if text.len() > LONGEST_BODY {
            let start: String = text.chars().take(LONGEST_BODY).collect();
            *body = format!("{start}… ({} bytes)", text.len()).into();
        }
    }
    exchange
}

/// Masks the values of credential fields in URLs within `text`.
fn mask_pairs(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut pieces = text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    while let Some(piece) = pieces.next() {
        masked.push_str(piece);
        if !piece.strip_suffix('=').is_some_and(is_field) {
            continue;
        }
        masked.push_str(MASK);
        // The value ends where a parameter ends.
        let end = pieces.find(|piece| piece.ends_with(['&', '"', '\'', '#', ' ', '\n', '>']));
        masked.extend(end.and_then(|piece| piece.chars().next_back()));
    }
    masked
}

fn mask_texts(value: &mut Value, redactor: &Redactor) {
    match value {
        Value::String(text) => *text = mask_pairs(&redactor.mask(text)),
        Value::Number(number) => {
            let text = number.to_string();
            if redactor.mask(&text) != text {
                *value = MASK.into();
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| mask_texts(value, redactor)),
        Value::Object(object) => {
            *object = std::mem::take(object)
                .into_iter()
                .map(|(name, mut value)| {
                    mask_texts(&mut value, redactor);
                    (redactor.mask(&name).into_owned(), value)
                })
                .collect();
        }
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http::{HeaderValue, Method, StatusCode};
    use mef_http::SystemClock;
    use mef_ports::Secret;

    use super::*;

    struct Memory(Arc<Mutex<Vec<String>>>);

    impl Sink for Memory {
        fn take(&self, exchange: &Value) {
            self.0.lock().unwrap().push(exchange.to_string());
        }
    }

    /// Says back whatever it was sent, and a token.
    struct Echo;

    #[async_trait]
    impl Http for Echo {
        async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
            let mut headers = request.headers;
            headers.insert("set-cookie", HeaderValue::from_static("session=never-learnt"));
            let body = json!({
                "echo": request.url.as_str(),
                "refresh_token": "never-learnt",
                "made": "fresh-token-1234",
                "deep": [{ "apiKey": "never-learnt", "next_token": "page-2" }],
            });
            let body = Bytes::from(body.to_string());
            Ok(HttpResponse { status: StatusCode::OK, headers, body })
        }
    }

    #[tokio::test]
    async fn nothing_of_a_secret_is_traced_in_any_form() {
        let redactor = Redactor::default();
        let secret = "pä/ss \"w+rd\"?=x";
        redactor.learn(&Secret::new(secret));
        let kept = Arc::new(Mutex::new(Vec::new()));
        let sink = Box::new(Memory(Arc::clone(&kept)));
        let traced = Traced::new(Arc::new(Echo), Arc::new(SystemClock), redactor.clone(), sink);
        let mut url: url::Url = "https://api.example.com/logs?limit=5".parse().unwrap();
        url.query_pairs_mut().append_pair("key", secret).append_pair("password", "never-learnt");
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Basic never-learnt"));
        let basic = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            format!("user:{secret}"),
        );
        headers.insert("x-other", HeaderValue::from_str(&basic).unwrap());
        let request = HttpRequest {
            method: Method::POST,
            url,
            headers,
            body: Some(Bytes::from("client_secret=never-learnt&grant_type=x")),
            max_body: 1_000,
            timeout: Duration::from_secs(1),
        };
        traced.send(request).await.unwrap();
        assert!(kept.lock().unwrap().is_empty(), "it is written only when its token is known");
        redactor.learn(&Secret::new("fresh-token-1234"));
        traced.flush();
        let text = kept.lock().unwrap().join("\n");
        for piece in ["never-learnt", "fresh-token", "w+rd", "w%2", "ss \\\"", &basic] {
            assert!(!text.contains(piece), "{piece} in {text}");
        }
        for piece in ["limit=5", "grant_type=x", "page-2", "\"status\":200"] {
            assert!(text.contains(piece), "no {piece} in {text}");
        }
    }

    #[test]
    fn a_body_is_cut_where_no_secret_is_cut_with_it() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("correct-horse-battery"));
        let body = "x".repeat(LONGEST_BODY - 10) + "correct-horse-battery";
        let exchange = json!({ "request": { "body": body } });
        let text = without_secrets(exchange, &redactor).to_string();
        assert!(!text.contains("correct"), "{}", &text[text.len() - 80..]);
    }
}
