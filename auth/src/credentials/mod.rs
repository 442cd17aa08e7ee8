//! Proves to vendors who we are.
//!
//! A source file says how: a value that is sent as it is, an answer to a
//! challenge, a token that is asked for, or a signature. It is put on a request
//! at the last moment, request by request, so that the poller's own requests,
//! its cursor and its errors never hold it.

mod digest;
mod error;
mod md5;
mod render;
mod sign;
#[cfg(test)]
mod tests;
mod token;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::rand;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use mef_ports::{Clock, Http, HttpRequest, Secret, SecretRef, Secrets, SecretsError, Tokens};
use mef_source::Template;
use mef_source::checked::{Origin, PollAuth, SendToken, TokenAuth};
use percent_encoding::percent_decode_str;
use url::{Position, Url};

use self::digest::Challenge;
use self::render::{Words, error, made_of_secrets, render, secret_names};
use self::token::access_tokens::{AccessTokens, Session, TokenPorts};
use crate::Redactor;
use crate::query::{form_decode, pieces};

pub use error::{CredentialError, TokenEndpointError};

/// Puts credentials on requests.
pub struct Credentials {
    http: Arc<dyn Http>,
    tokens: Arc<dyn Tokens>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    redactor: Redactor,
    access_tokens: AccessTokens,
    /// The last challenge of each source's vendor.
    challenges: Mutex<HashMap<String, Challenge>>,
}

/// What it took to put a credential on a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Authorized {
    /// Requests made to a token endpoint, retries among them.
    pub token_requests: u64,
    /// Whether an access token was there already.
    pub from_cache: bool,
    /// Whether the login leads elsewhere, so that the request has to go without.
    pub is_withheld: bool,
}

impl Credentials {
    /// Credentials from `secrets`, with access tokens kept in `tokens` and
    /// asked for over `http`. Whatever is a credential, `redactor` learns.
    pub fn new(
        http: Arc<dyn Http>,
        tokens: Arc<dyn Tokens>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        redactor: Redactor,
    ) -> Credentials {
        let access_tokens = AccessTokens::default();
        let challenges = Mutex::default();
        Credentials { http, tokens, secrets, clock, redactor, access_tokens, challenges }
    }

    /// What has learnt every credential that was handed out.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The secrets of `source` with these names: what templates see as
    /// `{secret.NAME}`.
    ///
    /// # Errors
    ///
    /// When one is not set, or the store is out of reach.
    pub async fn secrets(
        &self,
        source: &str,
        names: impl Iterator<Item = String>,
    ) -> Result<BTreeMap<String, Secret>, SecretsError> {
        let mut secrets = BTreeMap::new();
        // Each once, however often templates name it.
        for name in names.collect::<BTreeSet<_>>() {
            let reference = SecretRef { source: source.to_owned(), name: name.clone() };
            let value = self.secrets.get(&reference).await?.value;
            self.redactor.learn(&value);
            secrets.insert(name, value);
        }
        Ok(secrets)
    }

    /// Learns what the filters of `templates` make of `secrets`, such as a digest: none
    /// of the forms of a secret shows it.
    pub fn learn_made<'t>(
        &self,
        templates: impl IntoIterator<Item = &'t Template>,
        secrets: &BTreeMap<String, Secret>,
    ) {
        for template in templates {
            for made in made_of_secrets(template, secrets) {
                self.redactor.learn(&made);
            }
        }
    }

    /// Puts the credential of `source` on `request`, in place of one that is
    /// there. The caller has made sure that the request goes to the source's
    /// own origin.
    ///
    /// # Errors
    ///
    /// When a template gives nothing that can be sent, or there is no access
    /// token.
    pub async fn authorize(
        &self,
        source: &str,
        auth: &PollAuth,
        secrets: &BTreeMap<String, Secret>,
        request: &mut HttpRequest,
    ) -> Result<Authorized, CredentialError> {
        match auth {
            PollAuth::Nothing => Ok(Authorized::default()),
            PollAuth::Header { name, value } => {
                let field = format!("the value of the header `{name}`");
                let value = self.render(&field, value, secrets)?;
                let name = HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| error(&format!("the header `{name}`"), "is no header's name"))?;
                request.headers.insert(name, header_value(&field, value.expose())?);
                Ok(Authorized::default())
            }
            PollAuth::Query { name, value } => {
                let field = format!("the value of the query parameter `{name}`");
                let value = self.render(&field, value, secrets)?;
                set_parameter(&mut request.url, name, value.expose());
                Ok(Authorized::default())
            }
            PollAuth::Cookie { name, value } => {
                let field = format!("the value of the cookie `{name}`");
                let value = self.render(&field, value, secrets)?;
                add_cookie(request, name, value.expose())?;
                Ok(Authorized::default())
            }
            PollAuth::Basic(user) => {
                let username = self.render("`username`", &user.username, secrets)?;
                let password = self.render("`password`", &user.password, secrets)?;
                let value = self.basic(username.expose(), password.expose());
                request.headers.insert(AUTHORIZATION, header_value("`basic`", &value)?);
                Ok(Authorized::default())
            }
            PollAuth::Digest(user) => {
                let username = self.render("`username`", &user.username, secrets)?;
                let password = self.render("`password`", &user.password, secrets)?;
                let cnonce = nonce()?;
                let uri = &request.url[Position::BeforePath..Position::AfterQuery];
                let answer = self.challenges().get_mut(source).map(|challenge| {
                    let user = (username.expose(), password.expose());
                    challenge.answer(user, (request.method.as_str(), uri), &cnonce)
                });
                // The first request has nothing to answer yet.
                if let Some(answer) = answer {
                    request.headers.insert(AUTHORIZATION, header_value("`digest`", &answer)?);
                }
                Ok(Authorized::default())
            }
            PollAuth::Token(token) => self.send_token(source, token, secrets, request).await,
            PollAuth::Sign(sign) => {
                self.sign(sign, secrets, request, self.clock.now(), &nonce()?)?;
                Ok(Authorized::default())
            }
        }
    }

    async fn send_token(
        &self,
        source: &str,
        auth: &TokenAuth,
        secrets: &BTreeMap<String, Secret>,
        request: &mut HttpRequest,
    ) -> Result<Authorized, CredentialError> {
        let asked = self.token_request(source, auth, secrets)?;
        let ports = TokenPorts {
            http: &*self.http,
            tokens: &*self.tokens,
            secrets: &*self.secrets,
            clock: &*self.clock,
            redactor: &self.redactor,
        };
        let (session, token_requests) = self.access_tokens.get(&asked, &ports).await?;
        let from_cache = token_requests == 0;
        let authorized = Authorized { token_requests, from_cache, is_withheld: false };
        if let Some(base) = &session.base_url
            && !lead_to(base, auth, &mut request.url)
        {
            // The token is for that base URL alone.
            return Ok(Authorized { is_withheld: true, ..authorized });
        }
        self.put(&auth.send, &session, secrets, request)?;
        Ok(authorized)
    }

    fn put(
        &self,
        send: &SendToken,
        session: &Session,
        secrets: &BTreeMap<String, Secret>,
        request: &mut HttpRequest,
    ) -> Result<(), CredentialError> {
        let token = session.token.expose();
        match send {
            SendToken::Header { name, value } => {
                let field = format!("the header `{name}`");
                let words = Words { texts: vec![("token", token)], ..Words::default() };
                let value = self.render_with(&field, value, secrets, &words)?;
                let name = HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| error(&field, "is no header's name"))?;
                request.headers.insert(name, header_value("the access token", value.expose())?);
            }
            SendToken::Cookie(name) => add_cookie(request, name, token)?,
            SendToken::Cookies => {
                for (name, value) in token.split("; ").filter_map(|pair| pair.split_once('=')) {
                    add_cookie(request, name, value)?;
                }
            }
            SendToken::Query(name) => set_parameter(&mut request.url, name, token),
        }
        Ok(())
    }

    /// Whether `text`, a part of a URL, has a credential in it, in any form that the
    /// redactor knows.
    pub fn shows_one(&self, text: &str) -> bool {
        let decoded = percent_decode_str(text).decode_utf8_lossy();
        self.redactor.mask(text) != text || self.redactor.mask(&decoded) != *decoded
    }

    /// Takes note of what an answer says about how to authorise the next
    /// request: the challenge of a 401 (RFC 7616 §3.3).
    pub fn answered(&self, source: &str, auth: &PollAuth, status: StatusCode, headers: &HeaderMap) {
        if status != StatusCode::UNAUTHORIZED || !matches!(auth, PollAuth::Digest(_)) {
            return;
        }
        if let Some(challenge) = Challenge::of(headers) {
            self.challenges().insert(source.to_owned(), challenge);
        }
    }

    fn challenges(&self) -> std::sync::MutexGuard<'_, HashMap<String, Challenge>> {
        self.challenges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The vendor refused the credential (401): a kept access token is
    /// forgotten, so that the next [`Credentials::authorize`] asks for a new
    /// one. Nothing can be done about other credentials here.
    ///
    /// # Errors
    ///
    /// When the token may still be kept.
    pub async fn refused(
        &self,
        source: &str,
        auth: &PollAuth,
        secrets: &BTreeMap<String, Secret>,
    ) -> Result<(), CredentialError> {
        let PollAuth::Token(token) = auth else { return Ok(()) };
        let asked = self.token_request(source, token, secrets)?;
        self.access_tokens.forget(&asked.key, &*self.tokens).await
    }

    /// Renders a template; what filters make of a secret, so that its learnt
    /// forms no longer show it, is learnt as well.
    fn render(
        &self,
        field: &str,
        template: &Template,
        secrets: &BTreeMap<String, Secret>,
    ) -> Result<Secret, CredentialError> {
        self.render_with(field, template, secrets, &Words::default())
    }

    fn render_with(
        &self,
        field: &str,
        template: &Template,
        secrets: &BTreeMap<String, Secret>,
        words: &Words<'_>,
    ) -> Result<Secret, CredentialError> {
        let mut uses_secret = false;
        for name in secret_names(template) {
            secrets.get(name).into_iter().for_each(|secret| self.redactor.learn(secret));
            uses_secret = true;
        }
        self.learn_made([template], secrets);
        let rendered = render(field, template, secrets, words)?;
        if uses_secret && self.redactor.mask(rendered.expose()) == rendered.expose() {
            self.redactor.learn(&rendered);
        }
        Ok(rendered)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("redactor", &self.redactor).finish_non_exhaustive()
    }
}

/// Names the credential of `source`, under which rate limits are shared: the
/// same for every stream that uses it, and another once the file names another
/// secret. No value is part of it.
pub fn credential_key(source: &str, auth: &PollAuth) -> String {
    let kind = match auth {
        PollAuth::Nothing => return format!("{source}/nothing"),
        PollAuth::Header { name, .. } => format!("header:{}", name.to_ascii_lowercase()),
        PollAuth::Query { name, .. } => format!("query:{name}"),
        PollAuth::Cookie { name, .. } => format!("cookie:{name}"),
        other => other.kind().to_owned(),
    };
    let mut names = auth.secret_names();
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    format!("{source}/{kind}/{}", names.join("+"))
}

/// Sends a request that is for the source's own origin to `base` instead; gives
/// whether it goes to `base` now.
fn lead_to(base: &Url, auth: &TokenAuth, url: &mut Url) -> bool {
    let (origin, target) = (Origin::of(url), Origin::of(base));
    if target.as_ref().is_none_or(|target| !auth.base_origins.contains(target)) {
        return false;
    }
    if origin == target {
        return true;
    }
    // The first of them is the source's own.
    if origin.as_ref() != auth.base_origins.first() {
        return false;
    }
    let prefix = base.path().trim_end_matches('/');
    let path = match url.path() {
        path if prefix.is_empty() || path.starts_with(&format!("{prefix}/")) => path.to_owned(),
        path => format!("{prefix}{path}"),
    };
    let mut led = base.clone();
    led.set_path(&path);
    led.set_query(url.query());
    led.set_fragment(None);
    *url = led;
    true
}

/// A value that is used once: a version 4 UUID (RFC 9562 §5.4).
fn nonce() -> Result<String, CredentialError> {
    let mut bytes = [0_u8; 16];
    rand::fill(&mut bytes).map_err(|_| CredentialError::Random)?;
    let mut number = u128::from_be_bytes(bytes);
    number = number & !(0xf << 76) | 0x4 << 76;
    number = number & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    Ok([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}

/// Adds a cookie to those that the request has, in place of one of that name.
fn add_cookie(request: &mut HttpRequest, name: &str, value: &str) -> Result<(), CredentialError> {
    let field = format!("the cookie `{name}`");
    if !value.bytes().all(|b| b.is_ascii_graphic() && !b";,\\".contains(&b)) {
        return Err(error(&field, "has characters that no cookie may have"));
    }
    let there = request.headers.get(COOKIE).and_then(|value| value.to_str().ok());
    let mut cookies: Vec<_> = there
        .unwrap_or_default()
        .split(';')
        .map(str::trim)
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name))
        .map(str::to_owned)
        .collect();
    cookies.push(format!("{name}={value}"));
    request.headers.insert(COOKIE, header_value(&field, &cookies.join("; "))?);
    Ok(())
}

fn header_value(field: &str, text: &str) -> Result<HeaderValue, CredentialError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| error(field, "has characters that no header may have"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Sets one query parameter and leaves the others as they are written: a
/// vendor's next link may carry the parameter already, and a page token that
/// was encoded anew may be another.
fn set_parameter(url: &mut Url, name: &str, value: &str) {
    let others = url.query().map(|query| {
        pieces(query)
            .filter(|(_, key, _)| form_decode(key) != name.as_bytes())
            .map(|(piece, _, _)| piece)
            .collect::<Vec<_>>()
            .join("&")
    });
    url.set_query(others.as_deref().filter(|query| !query.is_empty()));
    url.query_pairs_mut().append_pair(name, value);
}
