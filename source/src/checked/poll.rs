//! What the `poll` part means.

use std::time::Duration;

use serde_json::{Map, Value};

use super::checker::Checker;
use super::event::EventSpec;
use super::request::{Next, Origin, Request, RequestScope};
use crate::written::{self, ClientAuth, Granularity, Located, Order, StopRule, TimeFormat};
use crate::{Path, Root, Template};

const DEFAULT_MAX_PAGE: usize = 64 * 1024 * 1024;
const DEFAULT_MAX_WINDOW: Duration = Duration::from_secs(86_400);
const DEFAULT_START: Duration = Duration::from_secs(86_400);
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
    /// The vendor's header for the requests left, in lower case.
    pub limit_remaining: Option<String>,
    /// The vendor's header for the end of a limit, in lower case.
    pub limit_reset: Option<String>,
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

/// How far a stream has been read.
#[derive(Clone, Debug)]
pub enum Cursor {
    /// By the records' time, in windows.
    Time(TimeCursor),
    /// By the vendor's token.
    Token(TokenCursor),
}

impl Cursor {
    /// Where a record's id is.
    pub fn id(&self) -> Option<&Path> {
        match self {
            Cursor::Time(cursor) => cursor.id.as_ref(),
            Cursor::Token(cursor) => cursor.id.as_ref(),
        }
    }
}

/// A cursor by the records' time.
#[derive(Clone, Debug)]
pub struct TimeCursor {
    /// Where a record's time is.
    pub time: Path,
    /// How it is written.
    pub time_format: TimeFormat,
    /// Where a record's id is.
    pub id: Option<Path>,
    /// In which order records come.
    pub order: Order,
    /// How far back the first run begins.
    pub start: Duration,
    /// How much of the newest time is left for later.
    pub end_lag: Duration,
    /// How much of the time already read is read again.
    pub overlap: Duration,
    /// The longest window.
    pub max_window: Duration,
    /// How far back the vendor keeps records.
    pub retention: Option<Duration>,
    /// To what the vendor rounds a window's bounds.
    pub granularity: Granularity,
    /// Whether the request says where the window ends. If not, what lies past
    /// the end is held back for the next window.
    pub upper_bound: bool,
}

/// A cursor by the vendor's token.
#[derive(Clone, Debug)]
pub struct TokenCursor {
    /// Where a page has the token for what comes next.
    pub token: Path,
    /// Where a record's id is.
    pub id: Option<Path>,
    /// How far back the first run begins: `{cursor.start}`.
    pub start: Duration,
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
        checker: &mut Checker,
    ) -> Option<Poll> {
        let schedule = checker.rate(&written.schedule);
        let cursor_roots = match (&written.cursor.time, &written.cursor.token) {
            (Some(_), None) => vec![Root::Var, Root::Secret, Root::Window],
            _ => vec![Root::Var, Root::Secret, Root::Cursor],
        };
        let mut scope = RequestScope { checker, vars, roots: cursor_roots };
        let request = scope.request(&written.request);
        let next = written.next.as_ref().map(|next| scope.next(next));
        scope.roots = vec![Root::Var, Root::Secret];
        let auth = auth(written.auth.as_ref(), &mut scope);
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
        let max_page = checker.size_or(written.max_page.as_ref(), DEFAULT_MAX_PAGE);
        let request = request?;
        let cursor = cursor(&written.cursor, &request, written.next.as_ref(), checker)?;
        let stop = written.stop.as_deref().unwrap_or_default();
        let header = |name: &Option<Located<String>>| {
            name.as_ref()
                .map(|name| name.strip_prefix("header.").unwrap_or(name).to_ascii_lowercase())
        };
        let next = match next {
            None => None,
            Some(next) => Some(next?),
        };
        Some(Poll {
            schedule: schedule?,
            auth: auth?,
            request_digest: super::load::digest([format!("{request:?}{next:?}").as_bytes()]),
            request,
            next,
            stop_on_empty_page: stop.contains(&StopRule::EmptyPage),
            stop_on_same_next: stop.contains(&StopRule::SameNext),
            records: records?,
            cursor,
            limit_remaining: header(&written.limits.remaining),
            limit_reset: header(&written.limits.reset),
            allow_origins,
            max_page,
            timeout,
            event,
        })
    }
}

fn auth(written: Option<&written::Auth>, scope: &mut RequestScope<'_>) -> Option<PollAuth> {
    match written {
        None => Some(PollAuth::Nothing),
        Some(written::Auth::Bearer(value)) => {
            let value = value.with(format!("Bearer {}", &**value));
            Some(PollAuth::Header {
                name: "authorization".to_owned(),
                value: scope.template(&value)?,
            })
        }
        Some(written::Auth::Header(pair)) => {
            scope.header_name(&pair.name, pair.name.place())?;
            let value = scope.template(&pair.value)?;
            Some(PollAuth::Header { name: (*pair.name).clone(), value })
        }
        Some(written::Auth::Query(pair)) => Some(PollAuth::Query {
            name: (*pair.name).clone(),
            value: scope.template(&pair.value)?,
        }),
        Some(written::Auth::ClientCredentials(client)) => {
            let url = scope.url(&client.token_url);
            let client_id = scope.template(&client.client_id);
            let client_secret = scope.template(&client.client_secret);
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

fn allow_origins(written: &[Located<String>], checker: &mut Checker) -> Vec<Origin> {
    let mut origins = Vec::new();
    for text in written {
        let origin = url::Url::parse(text)
            .ok()
            .filter(|url| url.path() == "/" && url.query().is_none())
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

fn cursor(
    written: &Located<written::Cursor>,
    request: &Request,
    next: Option<&written::Next>,
    checker: &mut Checker,
) -> Option<Cursor> {
    let id = match &written.id {
        None => None,
        Some(path) => Some(checker.path(path, &[Root::Record])?),
    };
    let start = checker.duration_or(written.start.as_ref(), DEFAULT_START);
    match (&written.time, &written.token) {
        (Some(time), None) => {
            let bounds = |bound: &str| {
                let templates =
                    request.query.iter().chain(&request.headers).map(|(_, value)| value);
                templates
                    .chain([&request.url])
                    .flat_map(Template::paths)
                    .any(|path| path.root() == Root::Window && path.name() == bound)
            };
            if !bounds("start") {
                checker.error_with(
                    written.place(),
                    "the request does not use `{window.start}`",
                    "without it every run would read everything there is",
                );
            }
            let max_window = checker.duration_or(written.max_window.as_ref(), DEFAULT_MAX_WINDOW);
            if max_window.is_zero() {
                checker.error(
                    written.max_window.as_ref().and_then(Located::place),
                    "`max_window` is zero",
                );
            }
            let cursor = TimeCursor {
                time: checker.path(time, &[Root::Record])?,
                time_format: written.time_format,
                id,
                order: written.order,
                start,
                end_lag: checker.duration_or(written.end_lag.as_ref(), Duration::ZERO),
                overlap: checker.duration_or(written.overlap.as_ref(), Duration::ZERO),
                max_window,
                retention: written.retention.as_ref().and_then(|text| checker.duration(text)),
                granularity: written.granularity,
                upper_bound: bounds("end"),
            };
            let unit = match cursor.granularity {
                Granularity::Day => Duration::from_secs(86_400),
                Granularity::S => Duration::from_secs(1),
                Granularity::Ms => Duration::from_millis(1),
            };
            if cursor.max_window <= cursor.overlap.saturating_add(unit) {
                checker.error_with(
                    written.place(),
                    "`max_window` is not longer than `overlap` and the granularity together",
                    "every window would end before it brings anything new",
                );
            }
            if cursor.end_lag.is_zero() && cursor.overlap.is_zero() {
                checker.warn(
                    written.place(),
                    "records that the vendor publishes late are lost",
                    "set `end_lag`, `overlap` or both, such as `60s`",
                );
            }
            Some(Cursor::Time(cursor))
        }
        (None, Some(token)) => {
            if !matches!(next, Some(written::Next::Token(_))) {
                checker.error_with(
                    written.place(),
                    "a cursor by token needs `next: { token: … }`",
                    "the token that leads to the next page is what is kept between runs",
                );
                return None;
            }
            for (name, set) in [
                ("end_lag", written.end_lag.is_some()),
                ("overlap", written.overlap.is_some()),
                ("max_window", written.max_window.is_some()),
                ("retention", written.retention.is_some()),
            ] {
                if set {
                    checker.error(
                        written.place(),
                        format!(
                            "`{name}` means nothing for a cursor by token, which has no windows"
                        ),
                    );
                }
            }
            let token = checker.path(token, &[Root::Record])?;
            Some(Cursor::Token(TokenCursor { token, id, start }))
        }
        _ => {
            checker.error_with(
                written.place(),
                "a cursor needs either `time` or `token`",
                "`time` is the path of a record's time, `token` the path of the page's token",
            );
            None
        }
    }
}
