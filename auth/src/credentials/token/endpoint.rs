//! Asks a token endpoint, or a login, for a token (RFC 6749 §5).
//!
//! Vendors differ in how a token is asked for and where the response has it, so the
//! source file says both. Nothing of a response is kept or shown except the token
//! and the error that the RFC defines.

use std::borrow::Cow;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use mef_ports::moment::after;
use mef_ports::{HttpError, HttpResponse, Secret};
use mef_source::Path;
use mef_source::checked::{Life, Origin, TokenLocation, TokenResponse};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::request::TokenRequest;
use crate::credentials::cookies::set_cookies;
use crate::credentials::error::{CredentialError, TokenEndpointError};
use crate::credentials::ports::Ports;
use crate::header_text::header_text;
use crate::redact::Redactor;
use crate::unique_id::unique_id;

/// How often a failed request is sent again.
const TRIES_AGAIN: usize = 3;
/// The longest wait here. Whoever has to wait longer comes back later.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How long a limit lasts if the response does not say.
const LIMIT_WITHOUT_RESET: Duration = Duration::from_secs(60);
/// After this, the endpoint is asked again even if its limit is said to last longer.
const LONGEST_LIMIT: Duration = Duration::from_secs(86_400);
const LONGEST_DESCRIPTION: usize = 300;
/// A shorter text is no token: it could be guessed.
const SHORTEST_TOKEN: usize = 16;
/// How many texts of a response may be a token.
const MOST_TOKENS: usize = 64;
/// From here on, a moment is a count of milliseconds: seconds get there in the year
/// 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

pub(crate) const SENT_ENCODED: &str = ". They went percent-encoded, as RFC 6749 says; many servers want them \
    as they are: `client_auth: basic_plain`";

/// A new token.
pub(crate) struct Granted {
    pub(crate) token: Secret,
    /// Where the source's requests go from now on, if not to its own origin.
    pub(crate) base_url: Option<Url>,
    /// The refresh token that replaces the one that was sent.
    pub(crate) refresh_token: Option<Secret>,
    /// How long the token lives, counted from `asked_at`.
    pub(crate) life: Option<Duration>,
    pub(crate) asked_at: Timestamp,
    /// How many requests it took.
    pub(crate) requests: u64,
}

/// The error of RFC 6749 §5.2.
#[derive(Deserialize)]
struct OAuthError {
    error: String,
    error_description: Option<String>,
}

/// Why a response is no token.
enum Failure {
    Http(HttpError),
    /// Too many requests, or an outage.
    Failing {
        status: StatusCode,
        headers: HeaderMap,
    },
    /// Asking again would not change it.
    Final(TokenEndpointError),
}

/// Sends `request`, again if that may help, and returns the token, which the redactor
/// has learnt.
pub(crate) async fn ask(
    request: &TokenRequest<'_>,
    refresh_token: Option<&Secret>,
    ports: &Ports,
) -> Result<Granted, CredentialError> {
    let mut waits = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(4))
        .with_max_times(TRIES_AGAIN)
        .with_jitter()
        .build();
    let mut requests = 0;
    loop {
        requests += 1;
        let asked_at = ports.clock.now();
        let sent = request
            .at(asked_at, &unique_id()?, refresh_token, |made| ports.redactor.learn(made))?;
        let failure = match ports.http.send(sent).await {
            Err(error) => Failure::Http(error),
            Ok(response) => match read(request, &response, asked_at, &ports.redactor) {
                Ok(granted) => return Ok(Granted { requests, ..granted }),
                Err(failure) => failure,
            },
        };
        let now = ports.clock.now();
        let asked_to_wait = failure.retry_after(now);
        if let Some(wait) = asked_to_wait.filter(|wait| *wait > LONGEST_WAIT) {
            return Err(limited(now, wait));
        }
        let Some(backoff) = waits.next().filter(|_| failure.may_pass()) else {
            return Err(failure.give_up(now, requests));
        };
        let wait = asked_to_wait.filter(|wait| !wait.is_zero()).unwrap_or(backoff);
        ports.clock.sleep(wait).await;
    }
}

impl Failure {
    /// Returns whether the same request may succeed later.
    fn may_pass(&self) -> bool {
        match self {
            Failure::Http(error) => {
                matches!(error, HttpError::Transport(_) | HttpError::Encoding(_))
            }
            Failure::Failing { .. } => true,
            Failure::Final(_) => false,
        }
    }

    /// Returns how long the endpoint asks to wait: `Retry-After` in seconds or as a
    /// date (RFC 9110 §10.2.3).
    fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let Failure::Failing { headers, .. } = self else { return None };
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
    }

    fn give_up(self, now: Timestamp, tries: u64) -> CredentialError {
        CredentialError::TokenEndpoint(match self {
            Failure::Http(error) => return CredentialError::Http(error),
            Failure::Failing { status: StatusCode::TOO_MANY_REQUESTS, .. } => {
                return limited(now, LIMIT_WITHOUT_RESET);
            }
            Failure::Failing { status, .. } => TokenEndpointError::Failing { status, tries },
            Failure::Final(error) => error,
        })
    }
}

fn limited(now: Timestamp, wait: Duration) -> CredentialError {
    let wait = SignedDuration::try_from(wait.min(LONGEST_LIMIT)).unwrap_or(SignedDuration::MAX);
    CredentialError::Limited { until: after(now, wait) }
}

fn read(
    request: &TokenRequest<'_>,
    response: &HttpResponse,
    asked_at: Timestamp,
    redactor: &Redactor,
) -> Result<Granted, Failure> {
    let status = response.status;
    let wanted = &request.auth.response;
    let in_body = matches!(wanted.token, TokenLocation::Body(_));
    if status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
    {
        return Err(Failure::Failing { status, headers: response.headers.clone() });
    }
    // A login by form redirects to a page for people. It is not followed: what counts
    // is in the headers.
    if status.is_redirection() && in_body {
        return Err(Failure::Final(TokenEndpointError::Redirect { status }));
    }
    let refusal = || serde_json::from_slice::<OAuthError>(&response.body).ok();
    if !status.is_success() && !status.is_redirection() {
        return Err(Failure::Final(match refusal() {
            Some(error) => refused(error, request, redactor),
            None => {
                let encoded = encoded(request);
                TokenEndpointError::Status { asked: asked(request), status, encoded }
            }
        }));
    }
    // The content type is not checked: some endpoints send JSON under another one.
    let body: Option<Value> = serde_json::from_slice(&response.body).ok();
    let token = find(&wanted.token, body.as_ref(), &response.headers).map_err(|path| {
        Failure::Final(match refusal() {
            // Some vendors refuse with a 200.
            Some(error) => refused(error, request, redactor),
            None => {
                learn_all(body.as_ref(), &response.headers, redactor);
                TokenEndpointError::Unreadable { path }
            }
        })
    })?;
    let token = Secret::new(token);
    learn(&token, &wanted.token, redactor);
    let body = body.unwrap_or_default();
    let bearer = body.get("token_type").and_then(Value::as_str);
    if token.expose().is_empty()
        || wanted.bearer && bearer.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"))
    {
        return Err(Failure::Final(TokenEndpointError::NotBearer));
    }
    let refresh_token = match request.refresh_token {
        Some(_) => body.get("refresh_token").and_then(Value::as_str).filter(|new| !new.is_empty()),
        None => None,
    };
    let refresh_token = refresh_token.map(Secret::new);
    refresh_token.iter().for_each(|new| redactor.learn(new));
    Ok(Granted {
        token,
        base_url: base_url(request, &body)?,
        refresh_token,
        life: life(request.auth.kind, wanted, &body, asked_at)?,
        asked_at,
        requests: 0,
    })
}

/// Names what was asked, without the query.
fn asked(request: &TokenRequest<'_>) -> String {
    let mut url = request.url.clone();
    url.set_query(None);
    let kind = if request.auth.kind == "session" { "login" } else { "token endpoint" };
    format!("the {kind} {url}")
}

/// Learns a token. If it is several cookies, learns each.
pub(crate) fn learn(token: &Secret, place: &TokenLocation, redactor: &Redactor) {
    redactor.learn(token);
    if let TokenLocation::Cookies(_) = place {
        let values = token.expose().split("; ").filter_map(|pair| pair.split_once('='));
        values.for_each(|(_, value)| redactor.learn(&Secret::new(value)));
    }
}

/// Learns whatever may be the token in a response that does not have it where the
/// file says: the file's author will look for it in a trace.
fn learn_all(body: Option<&Value>, headers: &HeaderMap, redactor: &Redactor) {
    fn texts<'v>(value: &'v Value, found: &mut Vec<Cow<'v, str>>) {
        match value {
            Value::String(text) => found.push(Cow::Borrowed(text)),
            Value::Array(list) => list.iter().for_each(|value| texts(value, found)),
            Value::Object(object) => object.values().for_each(|value| texts(value, found)),
            _ => {}
        }
    }
    let mut found: Vec<_> = headers.values().map(header_text).collect();
    body.into_iter().for_each(|body| texts(body, &mut found));
    found.retain(|text| text.len() >= SHORTEST_TOKEN && !text.contains(char::is_whitespace));
    for text in found.into_iter().take(MOST_TOKENS) {
        redactor.learn_set(&Secret::new(text.into_owned()));
    }
}

fn unreadable(path: &Path) -> Failure {
    Failure::Final(TokenEndpointError::Unreadable { path: path.to_string() })
}

/// Finds the token; fails with the path at which it is not.
fn find(
    place: &TokenLocation,
    body: Option<&Value>,
    headers: &HeaderMap,
) -> Result<String, String> {
    match place {
        TokenLocation::Body(path) => {
            let body = body.ok_or_else(|| ".".to_owned())?;
            match path.find(body) {
                Some(Value::String(token)) => Ok(token.clone()),
                _ => Err(path.to_string()),
            }
        }
        TokenLocation::Header(name) => {
            let value = headers.get(name).map(header_text);
            value.map(|value| value.trim().to_owned()).ok_or_else(|| format!("header.{name}"))
        }
        TokenLocation::Cookie(name) => cookie(name, headers),
        TokenLocation::Cookies(names) => {
            let pairs = names.iter().map(|name| Ok(format!("{name}={}", cookie(name, headers)?)));
            Ok(pairs.collect::<Result<Vec<_>, String>>()?.join("; "))
        }
    }
}

/// Finds the value of a cookie that a response sets; fails with the path at which it
/// is not.
fn cookie(name: &str, headers: &HeaderMap) -> Result<String, String> {
    let mut found = set_cookies(headers).filter(|set| set.name == name);
    // An empty one removes the cookie (RFC 6265 §3.1).
    let found = found.rfind(|set| !set.value.is_empty());
    found.map(|set| set.value.to_owned()).ok_or_else(|| format!("cookie.{name}"))
}

/// Reads how long the token of this kind of credential lives.
fn life(
    kind: &str,
    wanted: &TokenResponse,
    body: &Value,
    now: Timestamp,
) -> Result<Option<Duration>, Failure> {
    let path = match &wanted.life {
        Life::Open => return Ok(None),
        Life::Fixed(life) => return Ok(Some(*life)),
        Life::Seconds(path) | Life::Until(path) => path,
    };
    let Some(value) = path.find(body).filter(|value| !value.is_null()) else { return Ok(None) };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let life = match wanted.life {
        Life::Until(_) => moment(text.trim())
            .map(|end| Duration::try_from(end.duration_since(now)).unwrap_or_default()),
        _ => {
            let whole = text.trim().split('.').next().and_then(|whole| whole.parse().ok());
            whole.map(Duration::from_secs)
        }
    };
    if life.is_none() && text.trim().parse::<Timestamp>().is_ok() {
        let right = match kind {
            "session" => format!("expires: {{ at: {path} }}"),
            _ => format!("expires_at: {path}"),
        };
        return Err(Failure::Final(TokenEndpointError::Moment { path: path.to_string(), right }));
    }
    life.map(Some).ok_or_else(|| unreadable(path))
}

fn moment(text: &str) -> Option<Timestamp> {
    match text.parse::<i64>() {
        Ok(count) if count >= MILLISECONDS_FROM => Timestamp::from_millisecond(count).ok(),
        Ok(count) => Timestamp::from_second(count).ok(),
        Err(_) => text.parse().ok(),
    }
}

/// Reads the base URL. It must lead to an origin that the file names.
fn base_url(request: &TokenRequest<'_>, body: &Value) -> Result<Option<Url>, Failure> {
    let Some(path) = &request.auth.response.base_url else { return Ok(None) };
    let text = path.find(body).and_then(Value::as_str).ok_or_else(|| unreadable(path))?;
    let url = Url::parse(text).map_err(|_| unreadable(path))?;
    let origin = Origin::of(&url).ok_or_else(|| unreadable(path))?;
    if !request.auth.base_origins.contains(&origin) {
        let origin = origin.to_string();
        return Err(Failure::Final(TokenEndpointError::BaseUrl { origin }));
    }
    Ok(Some(url))
}

/// Says what can be said about a refused request.
fn refused(
    error: OAuthError,
    request: &TokenRequest<'_>,
    redactor: &Redactor,
) -> TokenEndpointError {
    TokenEndpointError::Refused {
        hint: hint(&error.error, request),
        error: one_line(&error.error, redactor),
        description: error.error_description.map(|text| one_line(&text, redactor)),
    }
}

/// Says that the client's id and secret were sent in another form than they have, which many servers
/// do not take back.
fn encoded(request: &TokenRequest<'_>) -> &'static str {
    if request.is_changed { SENT_ENCODED } else { "" }
}

fn hint(error: &str, request: &TokenRequest<'_>) -> String {
    let quoted: Vec<_> = request.secret_names.iter().map(|name| format!("`{name}`")).collect();
    let secrets = match quoted.as_slice() {
        [] => "the credentials".to_owned(),
        [one] => format!("the secret {one}"),
        several => format!("the secrets {}", several.join(" and ")),
    };
    match error {
        "invalid_client" => {
            format!(
                "check `client_id`, {secrets}, and whether `client_auth` is what the vendor wants{}",
                encoded(request)
            )
        }
        "invalid_grant" => match &request.refresh_token {
            Some(secret) => format!(
                "the refresh token is used up or taken back: authorise again at the vendor and set the secret `{}`",
                secret.name
            ),
            None => format!("check {secrets}, and the clock of this machine"),
        },
        "unauthorized_client" | "unsupported_grant_type" => {
            "allow this client the grant that `auth` names at the vendor".to_owned()
        }
        "invalid_scope" => "check `scopes`".to_owned(),
        _ => "check `params`, `scopes` and `client_auth` against the vendor's documentation"
            .to_owned(),
    }
}

/// Makes the vendor's words fit for a log line.
fn one_line(text: &str, redactor: &Redactor) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    redactor.mask(text).chars().map(plain).take(LONGEST_DESCRIPTION).collect()
}
