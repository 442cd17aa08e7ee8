//! Proves to vendors who we are.
//!
//! A source file says how: a value that is sent as it is, an answer to a
//! challenge (`digest.rs`), a token that is asked for (`token/`), or a signature
//! (`sign/`). It is put on a request at the last moment, request by request, so
//! that the poller's own requests, its cursor and its errors never hold it.

mod cookies;
mod credential_key;
mod digest;
mod error;
mod ports;
mod put;
mod render;
mod sign;
#[cfg(test)]
mod tests;
mod token;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use mef_ports::{Clock, Http, HttpRequest, Secret, SecretRef, Secrets, SecretsError, Tokens};
use mef_source::Template;
use mef_source::checked::{PollAuth, TokenAuth};
use percent_encoding::percent_decode_str;
use url::Position;

use self::digest::Challenge;
use self::ports::Ports;
use self::put::{add_cookie, header_name, header_value, set_parameter};
use self::render::Renderer;
use self::token::access_tokens::AccessTokens;
use self::token::request::TokenRequest;
use crate::redact::Redactor;
use crate::unique_id::unique_id;

pub use self::cookies::CookieJar;
pub use self::credential_key::credential_key;
pub use self::error::{CredentialError, TokenEndpointError};

/// Puts credentials on requests.
pub struct Credentials {
    ports: Ports,
    access_tokens: AccessTokens,
    /// The last challenge of each source's vendor.
    challenges: Mutex<HashMap<String, Challenge>>,
}

/// What it took to put a credential on a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Authorized {
    /// How many requests were made to a token endpoint, with retries.
    pub token_requests: u64,
    /// Whether an access token was there already.
    pub from_cache: bool,
    /// Whether the request must go without the credential, because the login leads
    /// elsewhere.
    pub is_withheld: bool,
}

impl Credentials {
    /// Makes credentials from `secrets`, with access tokens kept in `tokens` and
    /// asked for over `http`. `redactor` learns whatever is a credential.
    pub fn new(
        http: Arc<dyn Http>,
        tokens: Arc<dyn Tokens>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        redactor: Redactor,
    ) -> Credentials {
        Credentials {
            ports: Ports { http, tokens, secrets, clock, redactor },
            access_tokens: AccessTokens::default(),
            challenges: Mutex::default(),
        }
    }

    /// Returns the redactor, which has learnt every credential that was handed out.
    pub fn redactor(&self) -> &Redactor {
        &self.ports.redactor
    }

    /// Reads the secrets of `source` with these names: what templates see as
    /// `{secret.NAME}`.
    ///
    /// # Errors
    ///
    /// Fails if one is not set, or the store is out of reach.
    pub async fn secrets(
        &self,
        source: &str,
        names: impl Iterator<Item = String>,
    ) -> Result<BTreeMap<String, Secret>, SecretsError> {
        let mut secrets = BTreeMap::new();
        // Each once, however often templates name it.
        for name in names.collect::<BTreeSet<_>>() {
            let reference = SecretRef { source: source.to_owned(), name: name.clone() };
            let value = self.ports.secrets.get(&reference).await?.value;
            self.ports.redactor.learn(&value);
            secrets.insert(name, value);
        }
        Ok(secrets)
    }

    /// Learns what the filters of `templates` make of `secrets`, such as a digest: no
    /// form of a secret shows in it.
    pub fn learn_made<'t>(
        &self,
        templates: impl IntoIterator<Item = &'t Template>,
        secrets: &BTreeMap<String, Secret>,
    ) {
        self.renderer(secrets).learn_made(templates);
    }

    /// Puts the credential of `source` on `request`, in place of one that is
    /// there. The caller must make sure that the request goes to the source's own
    /// origin.
    ///
    /// # Errors
    ///
    /// Fails if a template gives nothing that can be sent, or if there is no access
    /// token.
    pub async fn authorize(
        &self,
        source: &str,
        auth: &PollAuth,
        secrets: &BTreeMap<String, Secret>,
        request: &mut HttpRequest,
    ) -> Result<Authorized, CredentialError> {
        let renderer = self.renderer(secrets);
        match auth {
            PollAuth::Nothing => {}
            PollAuth::Header { name, value } => {
                let field = format!("the value of the header `{name}`");
                let value = renderer.render(&field, value)?;
                request.headers.insert(header_name(name)?, header_value(&field, value.expose())?);
            }
            PollAuth::Query { name, value } => {
                let field = format!("the value of the query parameter `{name}`");
                set_parameter(&mut request.url, name, renderer.render(&field, value)?.expose());
            }
            PollAuth::Cookie { name, value } => {
                let field = format!("the value of the cookie `{name}`");
                add_cookie(request, name, renderer.render(&field, value)?.expose())?;
            }
            PollAuth::Basic(user) => {
                let username = renderer.render("`username`", &user.username)?;
                let password = renderer.render("`password`", &user.password)?;
                let value = renderer.basic(username.expose(), password.expose());
                request.headers.insert(AUTHORIZATION, header_value("`basic`", &value)?);
            }
            PollAuth::Digest(user) => {
                let username = renderer.render("`username`", &user.username)?;
                let password = renderer.render("`password`", &user.password)?;
                let cnonce = unique_id()?;
                let uri = &request.url[Position::BeforePath..Position::AfterQuery];
                let value = self.challenges().get_mut(source).map(|challenge| {
                    let user = (username.expose(), password.expose());
                    challenge.authorization(user, (request.method.as_str(), uri), &cnonce)
                });
                // The first request has no challenge to answer yet.
                if let Some(value) = value {
                    request.headers.insert(AUTHORIZATION, header_value("`digest`", &value)?);
                }
            }
            PollAuth::Token(token) => {
                return self.send_token(source, token, renderer, request).await;
            }
            PollAuth::Sign(sign) => {
                sign::sign(sign, renderer, request, self.ports.clock.now(), &unique_id()?)?;
            }
        }
        Ok(Authorized::default())
    }

    async fn send_token(
        &self,
        source: &str,
        auth: &TokenAuth,
        renderer: Renderer<'_>,
        request: &mut HttpRequest,
    ) -> Result<Authorized, CredentialError> {
        let asked = TokenRequest::render(source, auth, renderer)?;
        let (token, token_requests) = self.access_tokens.get(&asked, &self.ports).await?;
        let is_sent = token::send::send(&token, auth, renderer, request)?;
        Ok(Authorized { token_requests, from_cache: token_requests == 0, is_withheld: !is_sent })
    }

    /// Returns whether `text`, a part of a URL, holds a credential, in any form that
    /// the redactor knows.
    pub fn shows_one(&self, text: &str) -> bool {
        let decoded = percent_decode_str(text).decode_utf8_lossy();
        let masks = |text: &str| self.ports.redactor.mask(text) != text;
        masks(text) || masks(&decoded)
    }

    /// Notes what a response says about how to authorise the next request: the
    /// challenge of a 401 (RFC 7616 §3.3).
    pub fn note_response(
        &self,
        source: &str,
        auth: &PollAuth,
        status: StatusCode,
        headers: &HeaderMap,
    ) {
        if status != StatusCode::UNAUTHORIZED || !matches!(auth, PollAuth::Digest(_)) {
            return;
        }
        if let Some(challenge) = Challenge::of(headers) {
            self.challenges().insert(source.to_owned(), challenge);
        }
    }

    fn challenges(&self) -> MutexGuard<'_, HashMap<String, Challenge>> {
        self.challenges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the vendor refused the credential (401): a kept access token is
    /// forgotten, so that the next [`Credentials::authorize`] asks for a new one.
    /// Nothing can be done about other credentials here.
    ///
    /// # Errors
    ///
    /// Fails if the token may still be kept.
    pub async fn refused(
        &self,
        source: &str,
        auth: &PollAuth,
        secrets: &BTreeMap<String, Secret>,
    ) -> Result<(), CredentialError> {
        let PollAuth::Token(token) = auth else { return Ok(()) };
        let request = TokenRequest::render(source, token, self.renderer(secrets))?;
        self.access_tokens.forget(&request.key, &*self.ports.tokens).await
    }

    /// Returns whether this process has an access token of the credential.
    pub async fn has_token(
        &self,
        source: &str,
        auth: &PollAuth,
        secrets: &BTreeMap<String, Secret>,
    ) -> bool {
        let PollAuth::Token(token) = auth else { return false };
        match TokenRequest::render(source, token, self.renderer(secrets)) {
            Ok(request) => self.access_tokens.has(&request.key).await,
            Err(_) => false,
        }
    }

    fn renderer<'r>(&'r self, secrets: &'r BTreeMap<String, Secret>) -> Renderer<'r> {
        Renderer { redactor: &self.ports.redactor, secrets }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("redactor", &self.ports.redactor)
            .finish_non_exhaustive()
    }
}
