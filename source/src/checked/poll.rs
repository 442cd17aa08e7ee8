//! What the `poll` part means.

use std::time::Duration;

use serde_json::{Map, Value};

use super::checker::Checker;
use super::cursor::{self, Cursor};
use super::error_rule::{self, ErrorRule};
use super::event::EventSpec;
use super::limits::PollLimits;
use super::partitions::{self, Partitions};
use super::request::{Next, Origin, Request, RequestScope};
use crate::written::{self, ClientAuth, Located, StopRule};
use crate::{Path, Root, Template};

const DEFAULT_MAX_PAGE: usize = 64 * 1024 * 1024;
/// Shorter than the lease of 30 seconds, which is renewed before each request.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(25);

/// How a source is pulled.
#[derive(Clone, Debug)]
pub struct Poll {
    /// How long between two runs.
    pub schedule: Duration,
    /// How we prove who we are.
    pub auth: PollAuth,
    /// The request for a window's first page.
    pub request: Request,
    /// The way to the next page; without it there is one page.
    pub next: Option<Next>,
    /// Whether a page without records ends the window whatever it names.
    pub stop_on_empty_page: bool,
    /// Whether a page that names itself as next ends the window; else that is
    /// an error.
    pub stop_on_same_next: bool,
    /// Where a page has its list of records.
    pub records: Path,
    /// How far the stream has been read.
    pub cursor: Cursor,
    /// The streams that the source has; without it there is one.
    pub partitions: Option<Partitions>,
    /// How often the vendor may be asked.
    pub limits: PollLimits,
    /// What answers mean that their status alone does not say.
    pub errors: Vec<ErrorRule>,
    /// Further origins that links and redirects may lead to.
    pub allow_origins: Vec<Origin>,
    /// The largest page taken, in bytes.
    pub max_page: usize,
    /// How long to wait for one answer.
    pub timeout: Duration,
    /// What a record is and what event it becomes.
    pub event: EventSpec,
    /// A digest of all that makes a request, by which a page token kept from
    /// an earlier version of the file is known to be stale.
    pub request_digest: String,
}

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
    /// OAuth 2.0 client credentials.
    ClientCredentials(Box<ClientCredentials>),
}

/// OAuth 2.0 client credentials.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    /// The token endpoint.
    pub token_url: Template,
    /// The token endpoint's origin.
    pub token_origin: Origin,
    /// The client's id.
    pub client_id: Template,
    /// The client's secret.
    pub client_secret: Template,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
    /// How the client proves itself.
    pub client_auth: ClientAuth,
    /// Further parameters of the token request.
    pub params: Vec<(String, Template)>,
}

impl Poll {
    /// The names of the secrets that its requests use.
    pub fn secret_names(&self) -> impl Iterator<Item = String> {
        let mut templates: Vec<&Template> = vec![&self.request.url];
        templates.extend(self.request.query.iter().map(|(_, value)| value));
        templates.extend(self.request.headers.iter().map(|(_, value)| value));
        match &self.auth {
            PollAuth::Nothing => {}
            PollAuth::Header { value, .. } | PollAuth::Query { value, .. } => templates.push(value),
            PollAuth::ClientCredentials(client) => {
                templates.extend([&client.token_url, &client.client_id, &client.client_secret]);
                templates.extend(client.params.iter().map(|(_, value)| value));
            }
        }
        let names: Vec<_> = templates
            .into_iter()
            .flat_map(Template::paths)
            .filter(|path| path.root() == Root::Secret)
            .map(|path| path.name().to_owned())
            .collect();
        names.into_iter()
    }

    pub(super) fn check(
        written: &written::Poll,
        vars: &Map<String, Value>,
        event: EventSpec,
        checker: &mut Checker<'_>,
    ) -> Option<Poll> {
        let schedule = checker.rate(&written.schedule);
        let mut roots = vec![Root::Var, Root::Secret, Root::Window, Root::Cursor];
        roots.extend(written.partitions.as_ref().map(|_| Root::Partition));
        let mut scope = RequestScope { checker, vars, roots };
        let request = scope.request(&written.request);
        let next = written.next.as_ref().map(|next| scope.next(next));
        scope.roots.retain(|root| matches!(root, Root::Var | Root::Partition));
        let rewrite = cursor::rewrite(&written.cursor, &mut scope);
        scope.roots = vec![Root::Var, Root::Secret];
        let auth = auth(written.auth.as_ref(), &mut scope);
        credentials_come_once(written, checker);
        let records = checker.path(&written.records, &[Root::Record]);
        let allow_origins = allow_origins(&written.allow_origins, checker);
        let timeout = checker.duration_or(written.timeout.as_ref(), LONGEST_TIMEOUT);
        if timeout > LONGEST_TIMEOUT || timeout.is_zero() {
            checker.error_with(
                written.timeout.as_ref().and_then(Located::place),
                "`timeout` is not between 1 ms and 25 s",
                "an answer must come before the lease of 30 s ends",
            );
        }
        let limits = PollLimits::check(&written.limits, checker);
        let max_page = checker.size_or(written.max_page.as_ref(), DEFAULT_MAX_PAGE);
        if let (Some(spacing), Some(schedule)) = (limits.spacing, schedule)
            && spacing > schedule
        {
            checker.warn(
                written.limits.rate.as_ref().and_then(Located::place),
                "`rate` allows less than one request a run of `schedule`",
                "make the schedule slower: such runs end before they ask",
            );
        }
        let request = request?;
        let partitions = partitions::check(written.partitions.as_ref(), &request, checker);
        let cursor = cursor::check(written, &request, rewrite, &event, checker)?;
        let stop = written.stop.as_deref().unwrap_or_default();
        let errors = error_rule::check(written, &request, &cursor, checker);
        let next = match next {
            None => None,
            Some(next) => Some(next?),
        };
        let schedule = schedule?;
        cursor::check_pace(&cursor, schedule, written, checker);
        Some(Poll {
            schedule,
            auth: auth?,
            request_digest: super::load::digest([format!("{request:?}{next:?}").as_bytes()]),
            request,
            next,
            stop_on_empty_page: stop.contains(&StopRule::EmptyPage),
            stop_on_same_next: stop.contains(&StopRule::SameNext),
            records: records?,
            cursor,
            partitions,
            limits,
            errors: errors?,
            allow_origins,
            max_page,
            timeout,
            event,
        })
    }
}

/// What proves who we are must not be overwritten by the request's own.
fn credentials_come_once(written: &written::Poll, checker: &mut Checker<'_>) {
    let (place, what, twice) = match &written.auth {
        None => return,
        Some(written::Auth::Query(pair)) => {
            let twice = written.request.query.contains_key(&*pair.name);
            (pair.name.place(), format!("parameter `{}`", *pair.name), twice)
        }
        Some(auth) => {
            let (place, name) = match auth {
                written::Auth::Header(pair) => (pair.name.place(), pair.name.as_str()),
                _ => (written.request.get.place(), "Authorization"),
            };
            let twice =
                written.request.headers.keys().any(|other| other.eq_ignore_ascii_case(name));
            (place, format!("header `{name}`"), twice)
        }
    };
    if twice {
        checker.error_with(
            place,
            format!("the {what} is set by `auth` and by `request`"),
            "leave it to `auth`",
        );
    }
}

/// A credential without a secret is one that stands in the file.
fn names_a_secret(value: &Template, text: &Located<String>, checker: &mut Checker<'_>) {
    if !value.paths().any(|path| path.root() == Root::Secret) {
        checker.warn(
            text.place(),
            "this credential stands in the file",
            "name it: `{secret.api_token}` is read from where secrets are kept",
        );
    }
}

fn auth(written: Option<&written::Auth>, scope: &mut RequestScope<'_, '_>) -> Option<PollAuth> {
    match written {
        None => Some(PollAuth::Nothing),
        Some(written::Auth::Bearer(value)) => {
            let text = value.with(format!("Bearer {}", &**value));
            let value = scope.template(&text)?;
            names_a_secret(&value, &text, scope.checker);
            Some(PollAuth::Header { name: "authorization".to_owned(), value })
        }
        Some(written::Auth::Header(pair)) => {
            scope.header_name(&pair.name, pair.name.place())?;
            let value = scope.template(&pair.value)?;
            names_a_secret(&value, &pair.value, scope.checker);
            Some(PollAuth::Header { name: (*pair.name).clone(), value })
        }
        Some(written::Auth::Query(pair)) => {
            scope.not_empty(&pair.name, "a query parameter's name")?;
            let value = scope.template(&pair.value)?;
            names_a_secret(&value, &pair.value, scope.checker);
            Some(PollAuth::Query { name: (*pair.name).clone(), value })
        }
        Some(written::Auth::ClientCredentials(client)) => {
            let url = scope.url(&client.token_url);
            let client_id = scope.template(&client.client_id);
            let client_secret = scope.template(&client.client_secret);
            if let Some(secret) = &client_secret {
                names_a_secret(secret, &client.client_secret, scope.checker);
            }
            let params = client
                .params
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), scope.template(value)?)))
                .collect();
            let (token_url, token_origin) = url?;
            Some(PollAuth::ClientCredentials(Box::new(ClientCredentials {
                token_url,
                token_origin,
                client_id: client_id?,
                client_secret: client_secret?,
                scopes: client.scopes.iter().map(|scope| (**scope).clone()).collect(),
                client_auth: client.client_auth,
                params,
            })))
        }
    }
}

fn allow_origins(written: &[Located<String>], checker: &mut Checker<'_>) -> Vec<Origin> {
    let mut origins = Vec::new();
    for text in written {
        let origin = url::Url::parse(text)
            .ok()
            .filter(|url| url.path() == "/" && url.query().is_none() && url.fragment().is_none())
            .filter(|url| url.username().is_empty() && url.password().is_none())
            .and_then(|url| Origin::of(&url))
            .filter(|origin| origin.scheme == "https" || origin.is_loopback());
        match origin {
            Some(origin) => origins.push(origin),
            None => checker.error_with(
                text.place(),
                format!("`{}` is not an origin", &**text),
                "write `https://host`, without a path",
            ),
        }
    }
    origins
}
