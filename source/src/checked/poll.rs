//! What the `poll` part means.

use std::time::Duration;

use serde_json::{Map, Value};

use super::auth::{self, PollAuth};
use super::checker::Checker;
use super::cursor::{self, Cursor};
use super::error_rule::{self, ErrorRule};
use super::event::EventSpec;
use super::limits::PollLimits;
use super::next::{self, Next, Stop};
use super::origin::Origin;
use super::page_decode::PageDecode;
use super::partitions::{self, Partitions};
use super::request::Request;
use super::request_scope::RequestScope;
use crate::written::{self, Compression, Located, Repeats};
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
    /// The request for a later page, before the way to that page is put in.
    pub then: Request,
    /// The way to the next page; without it there is one page.
    pub next: Option<Next>,
    /// When no further page is asked for.
    pub stop: Stop,
    /// How a page's body is read.
    pub decode: PageDecode,
    /// How a page's body is compressed.
    pub compression: Compression,
    /// Where a page has its records.
    pub records: Records,
    /// How far the stream has been read.
    pub cursor: Cursor,
    /// The streams that the source has; without it there is one.
    pub partitions: Option<Partitions>,
    /// What becomes of a record that was delivered before.
    pub repeats: Repeats,
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

/// Where a page has its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// A list of them.
    List(Path),
    /// One, which may be the whole page.
    One(Path),
    /// Each line or row is one.
    Lines,
}

impl Poll {
    /// The names of the secrets that its requests use.
    pub fn secret_names(&self) -> impl Iterator<Item = String> {
        let mut templates = self.request.templates();
        templates.extend(self.then.templates());
        let mut names: Vec<_> = templates
            .into_iter()
            .flat_map(Template::paths)
            .filter(|path| path.root() == Root::Secret)
            .map(|path| path.name().to_owned())
            .collect();
        names.extend(self.auth.secret_names());
        names.into_iter()
    }

    /// Whether a request for `url` may have the credential: one for the source's
    /// own origin, or one that a login may lead to, which the login's answer has
    /// to name as well.
    pub fn credential_may_go(&self, url: &url::Url) -> bool {
        let origin = Origin::of(url);
        origin.as_ref() == Some(&self.request.origin)
            || origin.is_some_and(|origin| self.auth.base_origins().contains(&origin))
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
        let mut scope = RequestScope { checker, vars, roots, page: None };
        let next = written.next.as_ref().map(|next| scope.next(next));
        scope.roots.extend([Root::Page, Root::Run]);
        let next_kind = next.as_ref().and_then(Option::as_ref);
        let variable = next_kind.and_then(Next::variable);
        // The first request has no token yet, but it has a number.
        scope.page = variable.filter(|_| next_kind.is_some_and(|next| next.start().is_some()));
        let request = scope.request(&written.request);
        scope.page = variable;
        let then = request
            .as_ref()
            .and_then(|request| scope.later(request, written.then.as_ref(), next_kind));
        scope.page = None;
        scope.roots.retain(|root| matches!(root, Root::Var | Root::Partition));
        let rewrite = cursor::rewrite(&written.cursor, &mut scope);
        scope.roots = vec![Root::Var, Root::Secret];
        let auth = auth::check(written.auth.as_ref(), &mut scope);
        if let Some(auth) = &auth {
            auth::comes_once(auth, written, &mut scope);
        }
        let decode = PageDecode::check(written.decode.as_ref(), checker);
        let is_lines = decode.as_ref().is_some_and(PageDecode::is_lines);
        let records = records(written, is_lines, checker);
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
        let (request, then) = (request?, then?);
        let auth = auth?.within(&request.origin, &allow_origins, written, checker);
        let partitions = partitions::check(written.partitions.as_ref(), &request, checker);
        let cursor = cursor::check(written, &request, rewrite, &event, checker)?;
        let errors = error_rule::check(written, &request, &cursor, checker);
        let next = match next {
            None => None,
            Some(next) => Some(next?),
        };
        if let Some((next, written)) = next.as_ref().zip(written.next.as_ref()) {
            next::has_place(next, written.place(), &request, &then, checker);
        }
        let stop = next::stop(written.stop.as_deref().unwrap_or_default(), next.as_ref(), checker);
        if let Some((decode, records)) = decode.as_ref().zip(records.as_ref()) {
            let place = written.decode.as_ref().and_then(Located::place);
            decode.has_no_body(next.as_ref(), stop.as_ref(), records, place, checker);
        }
        let schedule = schedule?;
        cursor::check_pace(&cursor, schedule, written, checker);
        Some(Poll {
            schedule,
            auth,
            request_digest: super::load::digest(
                [format!("{request:?}{then:?}{next:?}").as_bytes()],
            ),
            request,
            then,
            next,
            stop: stop?,
            decode: decode?,
            compression: written.compression,
            records: records?,
            cursor,
            partitions,
            repeats: written.repeats,
            limits,
            errors: errors?,
            allow_origins,
            max_page,
            timeout,
            event,
        })
    }
}

fn records(written: &written::Poll, is_lines: bool, checker: &mut Checker<'_>) -> Option<Records> {
    let (message, help) = match (&written.records, &written.record, is_lines) {
        (Some(path), None, false) => return checker.path(path, &[Root::Record]).map(Records::List),
        (None, Some(path), false) => return checker.path(path, &[Root::Record]).map(Records::One),
        (None, None, true) => return Some(Records::Lines),
        (_, _, true) => (
            "each line of the page is a record, so there is no path of them",
            "leave `records` and `record` out",
        ),
        (None, None, false) => (
            "the source does not say where a page has its records",
            "write `records`, the path of a list (empty where the page is the list), or `record`, that of the one record that a page is",
        ),
        (Some(_), Some(_), false) => (
            "the source says twice where a page has its records",
            "leave `records` or `record` out",
        ),
    };
    let place = written.record.as_ref().or(written.records.as_ref()).and_then(Located::place);
    checker.error_with(place.or(written.request.place()), message, help);
    None
}

/// A credential without a secret is one that stands in the file.
pub(super) fn names_a_secret(value: &Template, text: &Located<String>, checker: &mut Checker<'_>) {
    if !value.paths().any(|path| path.root() == Root::Secret) {
        checker.warn(
            text.place(),
            "this credential stands in the file",
            "name it: `{secret.api_token}` is read from where secrets are kept",
        );
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
