//! Asks a token endpoint for an access token (RFC 6749 §4.4).
//!
//! The `oauth2` crate writes the request and reads the answer; bounds, retries
//! and messages are ours. Nothing of an answer is kept or shown but the error
//! that the RFC defines.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use mef_ports::{Clock, Http, Secret};
use mef_source::checked::ClientAuth;
use oauth2::basic::{
    BasicClient, BasicErrorResponse, BasicErrorResponseType, BasicTokenResponse, BasicTokenType,
};
use oauth2::{AuthType, ClientId, ClientSecret, RequestTokenError, Scope, TokenResponse, TokenUrl};
use url::Url;

use super::bridge::{Bridge, BridgeError};
use super::error::{CredentialError, TokenEndpointError};
use crate::Redactor;

/// How often a failed request is sent again.
const TRIES_AGAIN: usize = 3;
/// The longest wait here; who has to wait longer comes back later.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// What a limit without a moment is taken to mean.
const LIMIT_WITHOUT_RESET: Duration = Duration::from_secs(60);
/// A limit that is said to last longer is asked about again after this.
const LONGEST_LIMIT: Duration = Duration::from_secs(86_400);
const LONGEST_DESCRIPTION: usize = 300;

/// All that a token is asked for with.
pub(super) struct TokenRequest<'a> {
    pub(super) url: Url,
    pub(super) client_id: Secret,
    pub(super) client_secret: Secret,
    pub(super) client_auth: ClientAuth,
    pub(super) scopes: &'a [String],
    pub(super) params: Vec<(&'a str, Secret)>,
    /// The names of the secrets behind `client_secret`, for messages.
    pub(super) secret_names: Vec<&'a str>,
}

/// A new token.
pub(super) struct Granted {
    pub(super) token: Secret,
    /// For how long, counted from when it was asked for.
    pub(super) life: Option<Duration>,
    pub(super) asked_at: Timestamp,
    /// How many requests it took.
    pub(super) requests: u64,
}

type Refusal = RequestTokenError<BridgeError, BasicErrorResponse>;

/// Sends `request`, again where that may help, and gives the token, which
/// `redactor` has learnt.
pub(super) async fn ask(
    request: &TokenRequest<'_>,
    http: &dyn Http,
    clock: &dyn Clock,
    redactor: &Redactor,
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
        let asked_at = clock.now();
        let failure = match send(request, http).await {
            Ok(answer) => {
                let token = Secret::new(answer.access_token().secret().clone());
                redactor.learn(&token);
                let usable =
                    !token.expose().is_empty() && *answer.token_type() == BasicTokenType::Bearer;
                if !usable {
                    return Err(CredentialError::TokenEndpoint(TokenEndpointError::NotBearer));
                }
                return Ok(Granted { token, life: answer.expires_in(), asked_at, requests });
            }
            Err(RequestTokenError::Request(failure)) => failure,
            Err(refusal) => {
                return Err(CredentialError::TokenEndpoint(explain(refusal, request, redactor)));
            }
        };
        let now = clock.now();
        let asked_to_wait = failure.retry_after(now);
        if let Some(wait) = asked_to_wait.filter(|wait| *wait > LONGEST_WAIT) {
            return Err(limited(now, wait));
        }
        let Some(backoff) = waits.next().filter(|_| failure.may_pass()) else {
            return Err(give_up(failure, now, requests));
        };
        clock.sleep(asked_to_wait.filter(|wait| !wait.is_zero()).unwrap_or(backoff)).await;
    }
}

async fn send(request: &TokenRequest<'_>, http: &dyn Http) -> Result<BasicTokenResponse, Refusal> {
    let client = BasicClient::new(ClientId::new(request.client_id.expose().to_owned()))
        .set_client_secret(ClientSecret::new(request.client_secret.expose().to_owned()))
        .set_token_uri(TokenUrl::from_url(request.url.clone()))
        .set_auth_type(match request.client_auth {
            ClientAuth::Basic => AuthType::BasicAuth,
            ClientAuth::Body => AuthType::RequestBody,
        });
    let mut exchange = client
        .exchange_client_credentials()
        .add_scopes(request.scopes.iter().cloned().map(Scope::new));
    for (name, value) in &request.params {
        exchange = exchange.add_extra_param(*name, value.expose());
    }
    exchange.request_async(&Bridge(http)).await
}

fn limited(now: Timestamp, wait: Duration) -> CredentialError {
    let wait = SignedDuration::try_from(wait.min(LONGEST_LIMIT)).unwrap_or(SignedDuration::MAX);
    CredentialError::Limited { until: now.checked_add(wait).unwrap_or(Timestamp::MAX) }
}

fn give_up(failure: BridgeError, now: Timestamp, tries: u64) -> CredentialError {
    CredentialError::TokenEndpoint(match failure {
        BridgeError::Http(error) => return CredentialError::Http(error),
        BridgeError::Failing { status: StatusCode::TOO_MANY_REQUESTS, .. } => {
            return limited(now, LIMIT_WITHOUT_RESET);
        }
        BridgeError::Failing { status, .. } => TokenEndpointError::Failing { status, tries },
        BridgeError::Redirect(status) => TokenEndpointError::Redirect { status },
        BridgeError::Unexplained(status) => TokenEndpointError::Status { status },
        BridgeError::Unusable => TokenEndpointError::Unusable,
    })
}

/// What can be said about an answer without a token. The crate's own errors are
/// not passed on: one of them holds the whole answer.
fn explain(
    refusal: Refusal,
    request: &TokenRequest<'_>,
    redactor: &Redactor,
) -> TokenEndpointError {
    match refusal {
        RequestTokenError::ServerResponse(error) => TokenEndpointError::Refused {
            error: one_line(error.error().as_ref(), redactor),
            description: error.error_description().map(|text| one_line(text, redactor)),
            hint: hint(error.error(), request),
        },
        RequestTokenError::Parse(error, _) => {
            TokenEndpointError::Unreadable { place: one_line(&error.path().to_string(), redactor) }
        }
        RequestTokenError::Request(_) | RequestTokenError::Other(_) => {
            TokenEndpointError::Unreadable { place: ".".to_owned() }
        }
    }
}

fn hint(error: &BasicErrorResponseType, request: &TokenRequest<'_>) -> String {
    let secrets = match request.secret_names.as_slice() {
        [] => "`client_secret`".to_owned(),
        names => {
            let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("the secret {}", quoted.join(" and "))
        }
    };
    match error.as_ref() {
        "invalid_client" => {
            format!("check `client_id`, {secrets}, and whether `client_auth` is `basic` or `body`")
        }
        "unauthorized_client" | "unsupported_grant_type" => {
            "allow this client the client credentials grant at the vendor".to_owned()
        }
        "invalid_scope" => "check `scopes`".to_owned(),
        _ => "check `params`, `scopes` and `client_auth` against the vendor's documentation"
            .to_owned(),
    }
}

/// The vendor's words, fit for a log line.
fn one_line(text: &str, redactor: &Redactor) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    redactor.mask(text).chars().map(plain).take(LONGEST_DESCRIPTION).collect()
}
