//! Proves to vendors who we are.
//!
//! A source file says how: a header, a query parameter, or an access token by
//! OAuth 2.0 client credentials. The value is put on a request at the last
//! moment, request by request, so that the poller's own requests, its cursor
//! and its errors never hold it.

mod access_token;
mod bridge;
mod error;
mod render;
#[cfg(test)]
mod tests;
mod token_endpoint;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use mef_ports::{
    Clock, Http, HttpRequest, Secret, SecretRef, Secrets, SecretsError, TokenKey, Tokens,
};
use mef_source::Template;
use mef_source::checked::{ClientCredentials, Origin, PollAuth};
use url::Url;

use self::access_token::{AccessTokens, TokenPorts};
use self::render::{error, render, secret_names};
use self::token_endpoint::TokenRequest;
use crate::Redactor;
use crate::request::{form_decode, pieces};

pub use error::{CredentialError, TokenEndpointError};

/// Puts credentials on requests.
pub struct Credentials {
    http: Arc<dyn Http>,
    tokens: Arc<dyn Tokens>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    redactor: Redactor,
    access_tokens: AccessTokens,
}

/// What it took to put a credential on a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Authorized {
    /// Requests made to a token endpoint, retries among them.
    pub token_requests: u64,
    /// Whether an access token was there already.
    pub from_cache: bool,
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
        Credentials { http, tokens, secrets, clock, redactor, access_tokens }
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
            PollAuth::ClientCredentials(client) => {
                let (key, asked) = self.token_request(source, client, secrets)?;
                let ports = TokenPorts {
                    http: &*self.http,
                    tokens: &*self.tokens,
                    clock: &*self.clock,
                    redactor: &self.redactor,
                };
                let (token, token_requests) = self.access_tokens.get(&key, &asked, &ports).await?;
                let bearer = format!("Bearer {}", token.expose());
                request.headers.insert(AUTHORIZATION, header_value("the access token", &bearer)?);
                Ok(Authorized { token_requests, from_cache: token_requests == 0 })
            }
        }
    }

    /// The vendor refused the credential (401): a kept access token is
    /// forgotten, so that the next [`Credentials::authorize`] asks for a new
    /// one. Nothing can be done about other credentials.
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
        let PollAuth::ClientCredentials(client) = auth else { return Ok(()) };
        let (key, _) = self.token_request(source, client, secrets)?;
        self.access_tokens.forget(&key, &*self.tokens).await
    }

    fn token_request<'c>(
        &self,
        source: &str,
        client: &'c ClientCredentials,
        secrets: &BTreeMap<String, Secret>,
    ) -> Result<(TokenKey, TokenRequest<'c>), CredentialError> {
        let params = client.params.iter().map(|(name, value)| {
            let field = format!("the parameter `{name}` of `client_credentials`");
            Ok((name.as_str(), self.render(&field, value, secrets)?))
        });
        let url = self.render("`token_url`", &client.token_url, secrets)?;
        let url = Url::parse(url.expose())
            .ok()
            // The file fixes the origin; nothing put in may lead elsewhere.
            .filter(|url| Origin::of(url).as_ref() == Some(&client.token_origin))
            .ok_or_else(|| error("`token_url`", "is not a URL of its own origin"))?;
        let request = TokenRequest {
            url,
            client_id: self.render("`client_id`", &client.client_id, secrets)?,
            client_secret: self.render("`client_secret`", &client.client_secret, secrets)?,
            client_auth: client.client_auth,
            scopes: &client.scopes,
            params: params.collect::<Result<_, CredentialError>>()?,
            secret_names: secret_names(&client.client_secret).collect(),
        };
        Ok((access_token::key(source, &request), request))
    }

    /// Renders a template; what filters make of a secret, so that its learnt
    /// forms no longer show it, is learnt as well.
    fn render(
        &self,
        field: &str,
        template: &Template,
        secrets: &BTreeMap<String, Secret>,
    ) -> Result<Secret, CredentialError> {
        let mut uses_secret = false;
        for name in secret_names(template) {
            secrets.get(name).into_iter().for_each(|secret| self.redactor.learn(secret));
            uses_secret = true;
        }
        let rendered = render(field, template, secrets)?;
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
    let (kind, template) = match auth {
        PollAuth::Nothing => return format!("{source}/nothing"),
        PollAuth::Header { name, value } => {
            (format!("header:{}", name.to_ascii_lowercase()), value)
        }
        PollAuth::Query { name, value } => (format!("query:{name}"), value),
        PollAuth::ClientCredentials(client) => {
            ("client_credentials".to_owned(), &client.client_secret)
        }
    };
    let names: Vec<_> = secret_names(template).collect();
    format!("{source}/{kind}/{}", names.join("+"))
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
