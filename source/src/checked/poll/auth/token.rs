//! Tokens that are requested: from where, with what, and where the response has them.

use std::time::Duration;

use super::user_password::UserPassword;
use crate::checked::json_template::JsonTemplate;
use crate::checked::origin::Origin;
use crate::checked::poll::request::Request;
use crate::checked::secret::reads_secret;
use crate::path::Path;
use crate::template::Template;
use crate::written::AssertionAlgorithm;

/// A token that is requested, kept, and sent with each request.
#[derive(Clone, Debug)]
pub struct TokenAuth {
    /// The name of its kind in `poll.auth`.
    pub kind: &'static str,
    /// The URL that gives it.
    pub url: Template,
    /// The origin of that URL.
    pub origin: Origin,
    /// The key of the URL in `poll.auth`, for messages.
    pub url_field: &'static str,
    /// Headers of the request.
    pub headers: Vec<(String, Template)>,
    /// A name and a password for `Authorization: Basic`, and whether both are encoded
    /// first (RFC 6749 §2.3.1).
    pub basic: Option<(UserPassword, bool)>,
    /// The body of the request.
    pub body: TokenBody,
    /// An assertion that goes into the request.
    pub assertion: Option<Assertion>,
    /// The secret that holds the refresh token, if one is sent.
    pub refresh_token: Option<String>,
    /// What the response gives.
    pub response: TokenResponse,
    /// How the token is sent.
    pub send: SendToken,
    /// The request that ends a session at the end of each run.
    pub logout: Option<Request>,
    /// The origins to which a base URL of the response may lead.
    pub base_origins: Vec<Origin>,
}

/// The body of a token request.
#[derive(Clone, Debug)]
pub enum TokenBody {
    /// No body.
    Empty,
    /// A form.
    Form(Vec<(String, Template)>),
    /// A JSON object of texts.
    Json(Vec<(String, Template)>),
    /// JSON of any shape.
    Tree(JsonTemplate),
}

/// A signed assertion (RFC 7523).
#[derive(Clone, Debug)]
pub struct Assertion {
    /// Where it goes.
    pub place: AssertionSlot,
    /// What signs it: a private key as PEM, or a shared secret if the algorithm is an HMAC.
    pub key: Template,
    /// Where that is if `key` is JSON.
    pub key_file: Option<KeyFile>,
    /// The algorithm of the signature.
    pub algorithm: AssertionAlgorithm,
    /// The key's id.
    pub key_id: Option<Template>,
    /// The certificate whose digest goes into the header.
    pub certificate: Option<Template>,
    /// The claims, which are texts.
    pub claims: Vec<(String, Template)>,
    /// How long it is valid.
    pub life: Duration,
    /// How far back `iat` is set, for a vendor's clock that is behind.
    pub backdated: Duration,
}

/// Where an assertion goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionSlot {
    /// Into this field of the body.
    Field(&'static str),
    /// Into the header `Authorization: Bearer`.
    Bearer,
}

/// Where the parts of a key are that is JSON.
#[derive(Clone, Debug)]
pub struct KeyFile {
    /// The private key or shared secret.
    pub key: Path,
    /// The issuer of the assertion.
    pub issuer: Option<Path>,
    /// The id of the key, if the file has one.
    pub key_id: Option<Path>,
    /// The token endpoint; if the file names one, it must be the one that is asked.
    pub token_url: Option<Path>,
}

/// What the response gives.
#[derive(Clone, Debug)]
pub struct TokenResponse {
    /// Where the token is.
    pub token: TokenLocation,
    /// How long it lives.
    pub life: Life,
    /// Whether `token_type`, if it is there, must be `bearer`.
    pub bearer: bool,
    /// Where the base URL is.
    pub base_url: Option<Path>,
}

/// Where a token is in the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenLocation {
    /// In its JSON.
    Body(Path),
    /// In a header, in lower case.
    Header(String),
    /// In a cookie that the response sets.
    Cookie(String),
    /// In these cookies: as `NAME=VALUE`, with `; ` between them.
    Cookies(Vec<String>),
}

/// How long a token lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// Until the vendor refuses it.
    Open,
    /// As long as the file says.
    Fixed(Duration),
    /// As many seconds as the response says here, if it does.
    Seconds(Path),
    /// Until the moment that the response says here, if it does.
    Until(Path),
}

/// How a token is sent.
#[derive(Clone, Debug)]
pub enum SendToken {
    /// In a header.
    Header {
        /// Its name.
        name: String,
        /// Its value, over `{token}`.
        value: Template,
    },
    /// In a cookie.
    Cookie(String),
    /// As cookies, which it is made of.
    Cookies,
    /// In a query parameter.
    Query(String),
}

impl TokenAuth {
    pub(crate) fn templates(&self) -> Vec<&Template> {
        let mut templates = vec![&self.url];
        templates.extend(self.headers.iter().map(|(_, value)| value));
        templates.extend(self.basic.iter().flat_map(|(user, _)| user.templates()));
        match &self.body {
            TokenBody::Empty => {}
            TokenBody::Form(fields) | TokenBody::Json(fields) => {
                templates.extend(fields.iter().map(|(_, value)| value));
            }
            TokenBody::Tree(tree) => templates.extend(tree.templates()),
        }
        if let Some(assertion) = &self.assertion {
            templates.push(&assertion.key);
            templates.extend(&assertion.key_id);
            templates.extend(&assertion.certificate);
            templates.extend(assertion.claims.iter().map(|(_, value)| value));
        }
        if let SendToken::Header { value, .. } = &self.send {
            templates.push(value);
        }
        templates
    }

    /// Returns the templates with secrets.
    pub fn secret_templates(&self) -> Vec<&Template> {
        self.templates().into_iter().filter(|template| reads_secret(template)).collect()
    }

    /// Returns whether it uses any secret.
    pub(crate) fn has_secret(&self) -> bool {
        self.refresh_token.is_some() || self.templates().into_iter().any(reads_secret)
    }
}
