//! What `poll.auth` means: how we prove who we are.
//!
//! The many kinds come down to four: a value that is sent as it is, an answer to a
//! challenge, a token that is requested first, and a signature over the request.

mod grants;
mod login;
mod sign;
mod token;
mod token_request;
mod user_password;
mod words;

pub use sign::{Sign, SignText};
pub use token::{
    Assertion, AssertionSlot, KeyFile, Life, SendToken, TokenAuth, TokenBody, TokenLocation,
    TokenResponse,
};
pub use user_password::UserPassword;

use crate::checked::checker::{Checker, Told};
use crate::checked::origin::Origin;
use crate::checked::poll::request::Request;
use crate::checked::poll::request::scope::RequestScope;
use crate::checked::yaml_error;
use crate::path::Root;
use crate::template::Template;
use crate::written::{self, Auth, AuthOrPreset, from_node};

/// How we prove who we are.
#[derive(Clone, Debug)]
pub enum PollAuth {
    /// Not at all.
    Nothing,
    /// A header.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: Template,
    },
    /// A query parameter.
    Query {
        /// Its name.
        name: String,
        /// Its value.
        value: Template,
    },
    /// A cookie.
    Cookie {
        /// Its name.
        name: String,
        /// Its value.
        value: Template,
    },
    /// A name and a password in the open (RFC 7617).
    Basic(UserPassword),
    /// A name and a password behind a challenge (RFC 7616).
    Digest(UserPassword),
    /// A token that is requested first.
    Token(Box<TokenAuth>),
    /// A signature over each request.
    Sign(Box<Sign>),
}

impl PollAuth {
    /// Returns the origin that gives the token, if there is one.
    pub fn token_origin(&self) -> Option<&Origin> {
        match self {
            PollAuth::Token(token) => Some(&token.origin),
            _ => None,
        }
    }

    /// Returns the name of the secret that the vendor may change, if there is one.
    pub fn rotated_secret(&self) -> Option<&str> {
        match self {
            PollAuth::Token(token) => token.refresh_token.as_deref(),
            _ => None,
        }
    }

    /// Returns the request that ends a session, if there is one.
    pub fn logout(&self) -> Option<&Request> {
        match self {
            PollAuth::Token(token) => token.logout.as_ref(),
            _ => None,
        }
    }

    /// Returns the origins to which a login may lead the source's requests.
    pub fn base_origins(&self) -> &[Origin] {
        match self {
            PollAuth::Token(token) => &token.base_origins,
            _ => &[],
        }
    }

    /// Returns the query parameter that holds the credential, if one does.
    pub fn query_name(&self) -> Option<&str> {
        match self {
            PollAuth::Query { name, .. } => Some(name),
            PollAuth::Token(token) => match &token.send {
                SendToken::Query(name) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns its key under `poll.auth`, for messages and the names of limits.
    pub fn kind(&self) -> &'static str {
        match self {
            PollAuth::Nothing => "nothing",
            PollAuth::Header { .. } => "header",
            PollAuth::Query { .. } => "query",
            PollAuth::Cookie { .. } => "cookie",
            PollAuth::Basic(_) => "basic",
            PollAuth::Digest(_) => "digest",
            PollAuth::Token(token) => token.kind,
            PollAuth::Sign(sign) => sign.kind(),
        }
    }

    /// Returns every template.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            PollAuth::Nothing => Vec::new(),
            PollAuth::Header { value, .. }
            | PollAuth::Query { value, .. }
            | PollAuth::Cookie { value, .. } => vec![value],
            PollAuth::Basic(user) | PollAuth::Digest(user) => user.templates().to_vec(),
            PollAuth::Token(token) => token.templates(),
            PollAuth::Sign(sign) => sign.templates(),
        }
    }

    /// Returns the names of its secrets.
    pub fn secret_names(&self) -> Vec<String> {
        let mut names: Vec<_> = self
            .templates()
            .into_iter()
            .flat_map(Template::paths)
            .filter(|path| path.root() == Root::Secret)
            .map(|path| path.name().to_owned())
            .collect();
        if let PollAuth::Token(token) = self {
            names.extend(token.refresh_token.clone());
        }
        names
    }

    /// Adds the origins to which a base URL may lead: only those that the file names.
    pub(crate) fn within(
        mut self,
        own: &Origin,
        allowed: &[Origin],
        written: &written::Poll,
        checker: &mut Checker<'_>,
    ) -> PollAuth {
        if let PollAuth::Token(token) = &mut self
            && token.response.base_url.is_some()
        {
            token.base_origins = [own, &token.origin].into_iter().chain(allowed).cloned().collect();
            if let Some(other) = written.own_origins.first() {
                checker.error_with(
                    other.place(),
                    "`own_origins` cannot be used with a login that returns a base URL",
                    "list the allowed base URLs under `allow_origins`",
                );
            } else if allowed.is_empty() {
                checker.warn(
                    written.request.url_place(),
                    "the base URL may only be on the origins of `get` and `login`",
                    "list the allowed base URLs under `allow_origins`",
                );
            }
        }
        self
    }

    /// Returns the headers that it sets, in lower case.
    fn headers(&self) -> Vec<String> {
        let name = match self {
            PollAuth::Nothing | PollAuth::Query { .. } => return Vec::new(),
            PollAuth::Header { name, .. } => name.to_ascii_lowercase(),
            PollAuth::Cookie { .. } => "cookie".to_owned(),
            PollAuth::Basic(_) | PollAuth::Digest(_) => "authorization".to_owned(),
            PollAuth::Token(token) => match &token.send {
                SendToken::Header { name, .. } => name.to_ascii_lowercase(),
                SendToken::Cookie(_) | SendToken::Cookies => "cookie".to_owned(),
                SendToken::Query(_) => return Vec::new(),
            },
            PollAuth::Sign(sign) => return sign.headers(),
        };
        vec![name]
    }
}

/// Reads `poll.auth`.
pub(crate) fn check(
    written: Option<&written::AuthOrPreset>,
    scope: &mut RequestScope<'_, '_>,
) -> Result<PollAuth, Told> {
    match written {
        None => Ok(PollAuth::Nothing),
        Some(AuthOrPreset::Auth(auth)) => kind(auth, scope),
        Some(AuthOrPreset::Preset(named)) => preset(named, scope),
    }
}

/// Reads what a preset stands for, as if the source had written it.
fn preset(
    named: &written::AuthPresetUse,
    scope: &mut RequestScope<'_, '_>,
) -> Result<PollAuth, Told> {
    if let Some((key, list)) = named.given.iter().find(|(_, value)| value.is_empty()) {
        return Err(scope.checker.error_with(
            list.place(),
            format!("`{key}` is an empty list"),
            "name at least one",
        ));
    }
    let filled = named.preset.filled(&named.given);
    let auth: Auth = from_node(&filled)
        .map_err(|error| scope.checker.report(yaml_error::worded(error.place, &error.message)))?;
    let mut auth = kind(&auth, scope)?;
    if let PollAuth::Token(token) = &mut auth {
        // Stored tokens and limits have it in their names.
        token.kind = &named.preset.name;
    }
    Ok(auth)
}

fn kind(written: &Auth, scope: &mut RequestScope<'_, '_>) -> Result<PollAuth, Told> {
    Ok(match written {
        Auth::Bearer(value) => {
            let text = value.with(format!("Bearer {}", &**value));
            PollAuth::Header { name: "authorization".to_owned(), value: scope.secret(&text)? }
        }
        Auth::Header(pair) => {
            scope.header_name(&pair.name, pair.name.place())?;
            PollAuth::Header { name: (*pair.name).clone(), value: scope.secret(&pair.value)? }
        }
        Auth::Query(pair) => {
            scope.not_empty(&pair.name, "a query parameter's name")?;
            PollAuth::Query { name: (*pair.name).clone(), value: scope.secret(&pair.value)? }
        }
        Auth::Cookie(pair) => {
            scope.cookie_name(&pair.name)?;
            PollAuth::Cookie { name: (*pair.name).clone(), value: scope.secret(&pair.value)? }
        }
        Auth::Basic(user) => PollAuth::Basic(UserPassword::check(user, scope)?),
        Auth::Digest(user) => PollAuth::Digest(UserPassword::check(user, scope)?),
        Auth::Sign(sign) => PollAuth::Sign(Box::new(sign::check(sign, scope)?)),
        Auth::ClientCredentials(written) => {
            PollAuth::Token(grants::client_credentials(written, scope)?)
        }
        Auth::Password(written) => PollAuth::Token(grants::password(written, scope)?),
        Auth::RefreshToken(written) => PollAuth::Token(grants::refresh_token(written, scope)?),
        Auth::JwtBearer(written) => PollAuth::Token(grants::jwt_bearer(written, scope)?),
        Auth::Session(written) => PollAuth::Token(login::session(written, scope)?),
    })
}

/// Reports what both `auth` and `request` set: one would overwrite the other.
pub(crate) fn comes_once(
    auth: &PollAuth,
    written: &written::Poll,
    scope: &mut RequestScope<'_, '_>,
) {
    let place = match &written.auth {
        None => return,
        Some(AuthOrPreset::Auth(Auth::Header(pair) | Auth::Query(pair) | Auth::Cookie(pair))) => {
            pair.name.place()
        }
        Some(_) => written.request.url_place(),
    };
    let mut twice = Vec::new();
    let then = written.then.as_deref();
    let mut names =
        written.request.query.keys().chain(then.iter().flat_map(|then| then.query.keys()));
    if let Some(name) = auth.query_name().filter(|name| names.any(|other| other == name)) {
        twice.push(format!("parameter `{name}`"));
    }
    let set = auth.headers();
    let written_headers = written.request.headers.keys();
    twice.extend(
        written_headers
            .chain(then.iter().flat_map(|then| then.headers.keys()))
            .filter(|name| set.contains(&name.to_ascii_lowercase()))
            .map(|name| format!("header `{name}`")),
    );
    for what in twice {
        scope.checker.error_with(
            place,
            format!("the {what} is set by `auth` and by `request`"),
            "leave it to `auth`",
        );
    }
}
