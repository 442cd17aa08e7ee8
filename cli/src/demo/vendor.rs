//! The sample vendor: an audit log behind OAuth2, with the habits that make real ones hard to read.
//!
//! Pages overlap by one record. One record appears only after its time has been read. Now and then the
//! response to a request is 429. The benchmark of `mef poll` uses the same server with 50,000 records.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

/// The id of the client that may read the log.
pub const CLIENT_ID: &str = "acme-client";
/// The client's secret: a sample that opens nothing else.
pub const CLIENT_SECRET: &str = "demo-client-secret-9f2c";
/// What the sample vendor signs its webhooks with.
pub const WEBHOOK_SECRET: &str = "demo-webhook-secret-41d7";

/// How the vendor behaves.
#[derive(Clone, Debug)]
pub struct VendorOptions {
    /// How many records there are at the start.
    pub records: u64,
    /// The time of the newest of them.
    pub newest: Timestamp,
    /// How far apart two records are.
    pub apart: SignedDuration,
    /// One request for a page in so many gets a 429; 0 means none.
    pub limit_every: u64,
    /// Whether pages repeat a record, and one record comes late.
    pub hard: bool,
    /// How many bytes of text each record carries besides its fields.
    pub padding: usize,
}

impl VendorOptions {
    /// A small log with every difficulty.
    pub fn demo(now: Timestamp) -> VendorOptions {
        VendorOptions {
            records: 100,
            newest: now.checked_sub(SignedDuration::from_secs(5)).unwrap_or(now),
            apart: SignedDuration::from_secs(7),
            limit_every: 4,
            hard: true,
            padding: 0,
        }
    }
}

/// One record, written once.
struct Record {
    published: Timestamp,
    json: String,
    /// Whether it appears only after the log was read once.
    late: bool,
}

struct Log {
    options: VendorOptions,
    records: Mutex<Vec<Record>>,
    tokens: Mutex<HashSet<String>>,
    page_requests: AtomicU64,
    times_read: AtomicU64,
}

/// A running vendor; it ends with the process.
pub struct Vendor {
    origin: String,
    log: Arc<Log>,
}

impl Vendor {
    /// Starts a vendor on a free port of this machine.
    ///
    /// # Errors
    ///
    /// Fails if no port is free.
    pub async fn start(options: VendorOptions) -> std::io::Result<Vendor> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let log = Arc::new(Log {
            records: Mutex::new(records(&options)),
            options,
            tokens: Mutex::default(),
            page_requests: AtomicU64::new(0),
            times_read: AtomicU64::new(0),
        });
        let app = Router::new()
            .route("/oauth/token", post(token))
            .route("/api/v1/logs", get(page))
            .with_state(Arc::clone(&log));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Vendor { origin, log })
    }

    /// Returns the vendor's origin.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// Adds a record that happens at `now`.
    pub fn add_record(&self, now: Timestamp) {
        let mut records = self.log.records.lock().unwrap_or_else(PoisonError::into_inner);
        let number = records.len() as u64;
        records.push(record(number, now, false, self.log.options.padding));
    }
}

fn records(options: &VendorOptions) -> Vec<Record> {
    let age = |steps: u64| options.apart * i32::try_from(steps).unwrap_or(i32::MAX);
    (0..options.records)
        .map(|number| {
            let age = age(options.records - 1 - number);
            let published = options.newest.checked_sub(age).unwrap_or(options.newest);
            // Late, but within the overlap that the demo's source file has.
            let late = options.hard && number + 10 == options.records;
            record(number, published, late, options.padding)
        })
        .collect()
}

fn record(number: u64, published: Timestamp, late: bool, padding: usize) -> Record {
    let pick = |list: &[&'static str]| {
        let index = usize::try_from(number).unwrap_or(0) % list.len();
        list.get(index).copied().unwrap_or_default()
    };
    let json = json!({
        "uuid": format!("acme-{number:08}"),
        "published": published.to_string(),
        "eventType": pick(&["user.session.start", "user.mfa.reset", "policy.update", "app.assign"]),
        "severity": pick(&["low", "low", "medium", "high", "low"]),
        "actor": { "id": 9_007_199_254_740_993_u64 + number, "displayName": pick(&["Ann Ödegård", "Bob", "Chi Nguyễn"]), "type": "User" },
        "client": { "ip": format!("198.51.100.{}", number % 254 + 1), "userAgent": { "os": "Linux", "browser": "FIREFOX" } },
        "outcome": { "result": pick(&["SUCCESS", "SUCCESS", "FAILURE"]), "reason": null },
        "target": [{ "id": format!("t-{number}"), "type": "AppInstance" }],
        "note": "x".repeat(padding),
    });
    Record { published, json: json.to_string(), late }
}

async fn token(State(log): State<Arc<Log>>, headers: HeaderMap, body: Bytes) -> Response {
    let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
    let authorized = headers
        .get(header::AUTHORIZATION)
        .is_some_and(|value| value.as_bytes() == expected.as_bytes());
    let grant = url::form_urlencoded::parse(&body)
        .any(|(name, value)| name == "grant_type" && value == "client_credentials");
    if !authorized || !grant {
        return (StatusCode::UNAUTHORIZED, r#"{"error":"invalid_client"}"#).into_response();
    }
    let token = format!("demo-token-{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
    log.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone());
    let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600 });
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

#[derive(Deserialize)]
struct PageQuery {
    since: Timestamp,
    until: Timestamp,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    after: Option<usize>,
}

async fn page(
    State(log): State<Arc<Log>>,
    headers: HeaderMap,
    Query(query): Query<PageQuery>,
) -> Response {
    let authorized = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .is_some_and(|token| {
            log.tokens.lock().unwrap_or_else(PoisonError::into_inner).contains(token)
        });
    if !authorized {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let request = log.page_requests.fetch_add(1, Ordering::Relaxed) + 1;
    if log.options.limit_every > 0 && request.is_multiple_of(log.options.limit_every) {
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")]).into_response();
    }
    let records = log.records.lock().unwrap_or_else(PoisonError::into_inner);
    let with_late = log.times_read.load(Ordering::Relaxed) > 0;
    let within: Vec<&str> = records
        .iter()
        .filter(|record| query.since <= record.published && record.published < query.until)
        .filter(|record| with_late || !record.late)
        .map(|record| record.json.as_str())
        .collect();
    let from = query.after.unwrap_or(0).min(within.len());
    let to = (from + query.limit.unwrap_or(1000)).min(within.len());
    let body = format!("[{}]", within.get(from..to).unwrap_or_default().join(","));
    let mut response = ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    if to < within.len() {
        // The last record of a page comes again as the first of the next.
        let after = if log.options.hard { to - 1 } else { to };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
        let link = format!(
            "<http://{host}/api/v1/logs?since={}&until={}&limit={}&after={after}>; rel=\"next\"",
            query.since,
            query.until,
            query.limit.unwrap_or(1000)
        );
        if let Ok(link) = link.parse() {
            response.headers_mut().insert(header::LINK, link);
        }
    } else {
        log.times_read.fetch_add(1, Ordering::Relaxed);
    }
    response
}
