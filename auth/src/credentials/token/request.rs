//! The request for a token: its parts, rendered, and the request itself, which
//! is another each time where it holds an assertion.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use jsonwebtoken::EncodingKey;
use mef_ports::{HttpRequest, Secret, SecretRef, TokenKey};
use mef_source::checked::{
    AssertionAlgorithm, AssertionKey, AssertionPlace, Origin, TokenAuth, TokenBody, TokenPlace,
};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::assertion::{Assertion, GoogleKey, private_key, thumbprint};
use super::endpoint::{MAX_ANSWER, TIMEOUT};
use crate::credentials::error::CredentialError;
use crate::credentials::render::{error, secret_names};
use crate::credentials::{Credentials, header_value};

/// All that a token is asked for with, at any time.
pub(crate) struct TokenRequest<'a> {
    pub(crate) auth: &'a TokenAuth,
    pub(crate) url: Url,
    pub(crate) key: TokenKey,
    /// Where the refresh token is kept.
    pub(crate) refresh_token: Option<SecretRef>,
    /// The names of the secrets that it is asked for with, for messages.
    pub(crate) secret_names: Vec<String>,
    headers: HeaderMap,
    body: Body,
    assertion: Option<(AssertionPlace, Assertion)>,
}

enum Body {
    Empty,
    Form(Vec<(String, Secret)>),
    Json(Vec<(String, Secret)>),
    Tree(Value),
}

/// Names the token by all that it is asked for with, each part with its length
/// before it, so that nothing can move from one into the next.
struct Name(Vec<u8>);

impl Name {
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

    /// A digest: a changed secret or scope never finds the old token, and the
    /// name tells neither.
    fn finish(self) -> TokenKey {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"the name of an access token");
        TokenKey(hex::encode(hmac::sign(&key, &self.0)))
    }
}

impl Credentials {
    /// Renders all that the token of `source` is asked for with.
    pub(crate) fn token_request<'a>(
        &self,
        source: &str,
        auth: &'a TokenAuth,
        secrets: &BTreeMap<String, Secret>,
    ) -> Result<TokenRequest<'a>, CredentialError> {
        let mut name = Name(Vec::new());
        name.add(source);
        name.add(auth.kind);
        let field = format!("`{}`", auth.url_field);
        let url = self.render(&field, &auth.url, secrets)?;
        let url = Url::parse(url.expose())
            .ok()
            // The file fixes the origin; nothing put in may lead elsewhere.
            .filter(|url| Origin::of(url).as_ref() == Some(&auth.origin))
            .ok_or_else(|| error(&field, "is not a URL of its own origin"))?;
        name.add(url.as_str());
        name.add(&format!("{:?}", auth.base_origins));

        if let TokenPlace::Cookies(cookies) = &auth.answer.token {
            name.add(&cookies.join(";"));
        }

        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (header, template) in &auth.headers {
            let field = format!("the header `{header}` of the login");
            let value = self.render(&field, template, secrets)?;
            name.add_all([(header.as_str(), value.expose())].into_iter());
            let header = HeaderName::from_bytes(header.as_bytes())
                .map_err(|_| error(&field, "is no header's name"))?;
            headers.insert(header, header_value(&field, value.expose())?);
        }
        if let Some((user, encoded)) = &auth.basic {
            let (user_field, password_field) = match encoded {
                true => ("`client_id`", "`client_secret`"),
                false => ("`username`", "`password`"),
            };
            let username = self.render(user_field, &user.username, secrets)?;
            let password = self.render(password_field, &user.password, secrets)?;
            name.add_all([(username.expose(), password.expose())].into_iter());
            let value = match encoded {
                true => {
                    let encode = |text: &Secret| -> String {
                        form_urlencoded::byte_serialize(text.expose().as_bytes()).collect()
                    };
                    self.basic(&encode(&username), &encode(&password))
                }
                false => self.basic(username.expose(), password.expose()),
            };
            headers.insert(AUTHORIZATION, header_value("`basic`", &value)?);
        }
        let fields = |fields: &[(String, _)], name: &mut Name| {
            let rendered = fields.iter().map(|(field, template)| {
                let shown = format!("the parameter `{field}` of `{}`", auth.kind);
                Ok((field.clone(), self.render(&shown, template, secrets)?))
            });
            let rendered = rendered.collect::<Result<Vec<_>, CredentialError>>()?;
            name.add_all(rendered.iter().map(|(field, value)| (field.as_str(), value.expose())));
            Ok::<_, CredentialError>(rendered)
        };
        let body = match &auth.body {
            TokenBody::Empty => Body::Empty,
            TokenBody::Form(form) => Body::Form(fields(form, &mut name)?),
            TokenBody::Json(object) => {
                name.add("json");
                Body::Json(fields(object, &mut name)?)
            }
            TokenBody::Tree(tree) => {
                let tree = tree.fill(&mut |template| {
                    let value = self.render("`login.json`", template, secrets)?;
                    Ok::<_, CredentialError>(Some(Value::from(value.expose())))
                })?;
                let tree = tree.unwrap_or_default();
                name.add(&tree.to_string());
                Body::Tree(tree)
            }
        };
        let assertion = match &auth.assertion {
            None => None,
            Some(assertion) => {
                let made = self.assertion(assertion, &url, secrets, &mut name)?;
                Some((assertion.place, made))
            }
        };
        let refresh_token = auth.refresh_token.as_ref().map(|secret| {
            name.add(secret);
            SecretRef { source: source.to_owned(), name: secret.clone() }
        });
        Ok(TokenRequest {
            auth,
            url,
            key: name.finish(),
            refresh_token,
            secret_names: names(auth),
            headers,
            body,
            assertion,
        })
    }

    fn assertion(
        &self,
        written: &mef_source::checked::Assertion,
        url: &Url,
        secrets: &BTreeMap<String, Secret>,
        name: &mut Name,
    ) -> Result<Assertion, CredentialError> {
        let mut claims = Vec::new();
        for (claim, template) in &written.claims {
            let field = format!("the claim `{claim}`");
            claims.push((claim.clone(), self.render(&field, template, secrets)?));
        }
        let text = self.render("`key`", written.key.template(), secrets)?;
        name.add(text.expose());
        let mut key_id = match &written.key_id {
            Some(key_id) => Some(self.render("`key_id`", key_id, secrets)?.expose().to_owned()),
            None => None,
        };
        let key = match &written.key {
            AssertionKey::Pem(_) => private_key("`key`", text.expose(), written.algorithm)?,
            AssertionKey::Shared(_) => EncodingKey::from_secret(text.expose().as_bytes()),
            AssertionKey::GoogleKey(_) => {
                let google = GoogleKey::read(&text)?;
                self.redactor.learn(&Secret::new(google.private_key.clone()));
                // The assertion is for that endpoint and goes to no other.
                if google.token_uri.as_deref().is_some_and(|uri| uri != url.as_str()) {
                    let reason =
                        "names another token endpoint: write its `token_uri` as `token_url`";
                    return Err(error("`key`", reason));
                }
                claims.push(("iss".to_owned(), Secret::new(google.client_email)));
                key_id = google.private_key_id;
                private_key(
                    "`private_key` in the JSON of `key`",
                    &google.private_key,
                    AssertionAlgorithm::Rs256,
                )?
            }
        };
        let thumbprint = match &written.certificate {
            Some(certificate) => {
                Some(thumbprint(&self.render("`certificate`", certificate, secrets)?)?)
            }
            None => None,
        };
        name.add_all(claims.iter().map(|(claim, value)| (claim.as_str(), value.expose())));
        name.add(key_id.as_deref().unwrap_or_default());
        name.add(thumbprint.as_deref().unwrap_or_default());
        Ok(Assertion {
            key,
            algorithm: written.algorithm,
            key_id,
            thumbprint,
            claims,
            life: written.life,
            backdated: written.backdated,
        })
    }

    /// The value of `Authorization: Basic`, which is learnt as well.
    pub(crate) fn basic(&self, username: &str, password: &str) -> String {
        let pair = STANDARD.encode(format!("{username}:{password}"));
        self.redactor.learn(&Secret::new(pair.clone()));
        format!("Basic {pair}")
    }
}

impl TokenRequest<'_> {
    /// The request as it is at `now`; `id` makes an assertion one of its kind.
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
        if let Some((place, assertion)) = &self.assertion {
            let made = assertion.make(now, id)?;
            learn(&made);
            match place {
                AssertionPlace::Field(field) => more.push((field, made)),
                AssertionPlace::Bearer => {
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
            Body::Empty => (None, Bytes::new()),
            Body::Form(fields) => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(all(fields));
                (Some("application/x-www-form-urlencoded"), Bytes::from(form.finish()))
            }
            Body::Json(fields) => json(
                all(fields)
                    .into_iter()
                    .map(|(k, v)| (k, Value::from(v)))
                    .collect::<Map<_, _>>()
                    .into(),
            ),
            Body::Tree(tree) => json(tree.clone()),
        };
        if let Some(content_type) = content_type {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        }
        Ok(HttpRequest {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body: Some(body),
            max_body: MAX_ANSWER,
            timeout: TIMEOUT,
        })
    }
}

/// The secrets that a token is asked for with, each once.
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
