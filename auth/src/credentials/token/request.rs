//! The request for a token: its parts, rendered, and the request itself. If it
//! holds an assertion, each request is another one.

use std::time::Duration;

use aws_lc_rs::hmac;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use mef_ports::{HttpRequest, Secret, SecretRef, TokenKey};
use mef_source::Template;
use mef_source::checked::{AssertionSlot, Origin, TokenAuth, TokenBody, TokenLocation};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::assertion::RenderedAssertion;
use crate::credentials::error::CredentialError;
use crate::credentials::put::{header_name, header_value};
use crate::credentials::render::{Renderer, error, secret_names};

/// The most of a response that is read; a token with its claims takes a few KiB.
const MAX_RESPONSE: usize = 64 * 1024;
const TIMEOUT: Duration = Duration::from_secs(20);

/// All that a token is asked for with, at any time.
pub(crate) struct TokenRequest<'a> {
    pub(crate) auth: &'a TokenAuth,
    pub(crate) url: Url,
    /// What the token is stored under.
    pub(crate) key: TokenKey,
    /// Where the refresh token is kept.
    pub(crate) refresh_token: Option<SecretRef>,
    /// The names of the secrets that it is asked for with, for messages.
    pub(crate) secret_names: Vec<String>,
    /// Whether percent-encoding changes the client's id or secret.
    pub(crate) is_changed: bool,
    headers: HeaderMap,
    body: RenderedBody,
    assertion: Option<RenderedAssertion>,
}

enum RenderedBody {
    Empty,
    Form(Vec<(String, Secret)>),
    Json(Vec<(String, Secret)>),
    Tree(Value),
}

/// Collects all that a token is asked for with into the key that it is stored
/// under. Each part has its length before it, so that nothing can move from one
/// part into the next.
struct KeyBuilder(Vec<u8>);

impl KeyBuilder {
    fn add(&mut self, part: &str) {
        self.0.extend_from_slice(&part.len().to_be_bytes());
        self.0.extend_from_slice(part.as_bytes());
    }

    fn add_all<'p>(&mut self, pairs: impl ExactSizeIterator<Item = (&'p str, &'p str)>) {
        self.add(&pairs.len().to_string());
        for (name, value) in pairs {
            self.add(name);
            self.add(value);
        }
    }

    /// Makes a digest: a changed secret or scope never finds the old token, and the
    /// key shows neither.
    fn finish(self) -> TokenKey {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"the name of an access token");
        TokenKey(hex::encode(hmac::sign(&key, &self.0)))
    }
}

impl<'a> TokenRequest<'a> {
    /// Renders all that the token of `source` is asked for with.
    pub(crate) fn render(
        source: &str,
        auth: &'a TokenAuth,
        renderer: Renderer<'_>,
    ) -> Result<TokenRequest<'a>, CredentialError> {
        let mut key = KeyBuilder(Vec::new());
        key.add(source);
        key.add(auth.kind);
        let field = format!("`{}`", auth.url_field);
        let url = renderer.render(&field, &auth.url)?;
        let url = Url::parse(url.expose())
            .ok()
            // The file fixes the origin; nothing put in may lead elsewhere.
            .filter(|url| Origin::of(url).as_ref() == Some(&auth.origin))
            .ok_or_else(|| error(&field, "is not a URL of its own origin"))?;
        key.add(url.as_str());
        key.add(&format!("{:?}", auth.base_origins));
        if let TokenLocation::Cookies(cookies) = &auth.response.token {
            key.add(&cookies.join(";"));
        }
        let mut is_changed = false;
        let headers = headers(auth, renderer, &mut key, &mut is_changed)?;
        let body = body(auth, renderer, &mut key)?;
        let assertion = match &auth.assertion {
            None => None,
            Some(assertion) => {
                let (rendered, text) = RenderedAssertion::render(assertion, &url, renderer)?;
                key.add(text.expose());
                let claims = rendered.claims.iter();
                key.add_all(claims.map(|(claim, value)| (claim.as_str(), value.expose())));
                key.add(rendered.key_id.as_deref().unwrap_or_default());
                key.add(rendered.thumbprint.as_deref().unwrap_or_default());
                Some(rendered)
            }
        };
        let refresh_token = auth.refresh_token.as_ref().map(|secret| {
            key.add(secret);
            SecretRef { source: source.to_owned(), name: secret.clone() }
        });
        Ok(TokenRequest {
            auth,
            url,
            key: key.finish(),
            refresh_token,
            secret_names: names(auth),
            is_changed,
            headers,
            body,
            assertion,
        })
    }

    /// Makes the request as it is at `now`; `id` makes an assertion unique.
    pub(crate) fn at(
        &self,
        now: Timestamp,
        id: &str,
        refresh_token: Option<&Secret>,
        learn: impl Fn(&Secret),
    ) -> Result<HttpRequest, CredentialError> {
        let mut headers = self.headers.clone();
        let mut more: Vec<(&str, Secret)> = Vec::new();
        if let Some(token) = refresh_token {
            more.push(("refresh_token", token.clone()));
        }
        if let Some(assertion) = &self.assertion {
            let made = assertion.make(now, id)?;
            learn(&made);
            match assertion.place {
                AssertionSlot::Field(field) => more.push((field, made)),
                AssertionSlot::Bearer => {
                    let value = format!("Bearer {}", made.expose());
                    headers.insert(AUTHORIZATION, header_value("the assertion", &value)?);
                }
            }
        }
        let all = |fields: &[(String, Secret)]| -> Vec<(String, String)> {
            let own = fields.iter().map(|(name, value)| (name.clone(), value.expose().to_owned()));
            let more =
                more.iter().map(|(name, value)| ((*name).to_owned(), value.expose().to_owned()));
            own.chain(more).collect()
        };
        let json = |value: Value| (Some("application/json"), Bytes::from(value.to_string()));
        let (content_type, body) = match &self.body {
            RenderedBody::Empty => (None, Bytes::new()),
            RenderedBody::Form(fields) => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(all(fields));
                (Some("application/x-www-form-urlencoded"), Bytes::from(form.finish()))
            }
            RenderedBody::Json(fields) => json(
                all(fields)
                    .into_iter()
                    .map(|(k, v)| (k, Value::from(v)))
                    .collect::<Map<_, _>>()
                    .into(),
            ),
            RenderedBody::Tree(tree) => json(tree.clone()),
        };
        if let Some(content_type) = content_type {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        }
        Ok(HttpRequest {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body: Some(body),
            max_body: MAX_RESPONSE,
            timeout: TIMEOUT,
        })
    }
}

fn headers(
    auth: &TokenAuth,
    renderer: Renderer<'_>,
    key: &mut KeyBuilder,
    is_changed: &mut bool,
) -> Result<HeaderMap, CredentialError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    for (name, template) in &auth.headers {
        let field = format!("the header `{name}` of `{}`", auth.kind);
        let value = renderer.render(&field, template)?;
        key.add_all([(name.as_str(), value.expose())].into_iter());
        headers.insert(header_name(name)?, header_value(&field, value.expose())?);
    }
    if let Some((user, encoded)) = &auth.basic {
        let (user_field, password_field) = match auth.kind {
            "session" => ("`username`", "`password`"),
            _ => ("`client_id`", "`client_secret`"),
        };
        let username = renderer.render(user_field, &user.username)?;
        let password = renderer.render(password_field, &user.password)?;
        key.add_all([(username.expose(), password.expose())].into_iter());
        let encode = |text: &Secret| match encoded {
            true => form_urlencoded::byte_serialize(text.expose().as_bytes()).collect(),
            false => text.expose().to_owned(),
        };
        let (sent_username, sent_password) = (encode(&username), encode(&password));
        *is_changed = sent_username != username.expose() || sent_password != password.expose();
        let value = renderer.basic(&sent_username, &sent_password);
        headers.insert(AUTHORIZATION, header_value("`basic`", &value)?);
    }
    Ok(headers)
}

fn body(
    auth: &TokenAuth,
    renderer: Renderer<'_>,
    key: &mut KeyBuilder,
) -> Result<RenderedBody, CredentialError> {
    let fields = |fields: &[(String, Template)], key: &mut KeyBuilder| {
        let rendered = fields.iter().map(|(field, template)| {
            let shown = format!("the parameter `{field}` of `{}`", auth.kind);
            Ok((field.clone(), renderer.render(&shown, template)?))
        });
        let rendered = rendered.collect::<Result<Vec<_>, CredentialError>>()?;
        key.add_all(rendered.iter().map(|(field, value)| (field.as_str(), value.expose())));
        Ok::<_, CredentialError>(rendered)
    };
    Ok(match &auth.body {
        TokenBody::Empty => RenderedBody::Empty,
        TokenBody::Form(form) => RenderedBody::Form(fields(form, key)?),
        TokenBody::Json(object) => {
            key.add("json");
            RenderedBody::Json(fields(object, key)?)
        }
        TokenBody::Tree(tree) => {
            let tree = tree.fill(&mut |template| {
                let value = renderer.render("`login.json`", template)?;
                Ok::<_, CredentialError>(Some(Value::from(value.expose())))
            })?;
            let tree = tree.unwrap_or_default();
            key.add(&tree.to_string());
            RenderedBody::Tree(tree)
        }
    })
}

/// Names the secrets that a token is asked for with, each once.
fn names(auth: &TokenAuth) -> Vec<String> {
    let mut names = Vec::new();
    let templates = auth.secret_templates();
    for name in templates.into_iter().flat_map(secret_names).map(str::to_owned) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.extend(auth.refresh_token.clone());
    names
}
