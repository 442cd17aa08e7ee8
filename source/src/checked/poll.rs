//! What the `poll` part means.

use std::time::Duration;

use serde_json::{Map, Value};

use super::auth::{self, PollAuth};
use super::chain::{self, Detail, SetupStep, Wait};
use super::checker::Checker;
use super::cursor::{self, Cursor};
use super::error_rule::{self, ErrorRule};
use super::event::EventSpec;
use super::limits::PollLimits;
use super::origin::Origin;
use super::page_decode::PageDecode;
use super::pages::{Pages, pages_of};
use super::partitions::{self, Partitions};
use super::request::{Request, Requests};
use super::request_scope::RequestScope;
use crate::written::{self, Located, Repeats};
use crate::{Root, Template};

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
    /// What is asked before the first page: of each window, or of a run without
    /// windows.
    pub setup: Vec<SetupStep>,
    /// How the pages of a window are asked for, and what they list.
    pub pages: Pages,
    /// What of a page to wait for.
    pub wait: Option<Wait>,
    /// What is asked of each thing that a page lists: without any, a page lists
    /// the records themselves.
    pub details: Vec<Detail>,
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

impl Poll {
    /// Every request that is made for the source's records.
    pub fn requests(&self) -> Vec<&Request> {
        let mut requests: Vec<_> = self.setup.iter().map(|step| &step.request).collect();
        requests.extend(self.pages.requests());
        requests.extend(self.details.iter().flat_map(|detail| detail.pages.requests()));
        if let Some(Partitions::Request(listed)) = &self.partitions {
            requests.extend(listed.pages.requests());
        }
        requests
    }

    /// The names of the secrets that its requests use.
    pub fn secret_names(&self) -> impl Iterator<Item = String> {
        let templates = self.requests().into_iter().flat_map(Request::templates);
        let mut names: Vec<_> = templates
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
        origin.as_ref() == Some(&self.pages.request.origin)
            || origin.is_some_and(|origin| self.auth.base_origins().contains(&origin))
    }

    pub(super) fn check(
        written: &written::Poll,
        vars: &Map<String, Value>,
        mut event: EventSpec,
        checker: &mut Checker<'_>,
    ) -> Option<Poll> {
        let schedule = checker.rate(&written.schedule);
        let mut scope = RequestScope::new(checker, vars);
        let allow_origins = allow_origins(&written.allow_origins, &mut scope);
        scope.roots = vec![Root::Var, Root::Secret, Root::Run];
        let listed = scope.partition_request(written.partitions.as_ref());
        scope.roots = vec![Root::Var, Root::Secret, Root::Run, Root::Window, Root::Cursor];
        scope.roots.extend(written.partitions.as_ref().map(|_| Root::Partition));
        let setup = scope.setup(&written.setup);
        let pages = scope.pages(&pages_of!(written));
        let wait = scope.wait(written.wait.as_ref());
        scope.roots.retain(|root| !matches!(root, Root::Window | Root::Cursor));
        let origin = pages.as_ref().map(|pages| pages.request.origin.clone());
        let details = origin.as_ref().map(|origin| scope.details(&written.details, origin));
        scope.roots = vec![Root::Var];
        scope.roots.extend(written.partitions.as_ref().map(|_| Root::Partition));
        let rewrite = cursor::rewrite(&written.cursor, &mut scope);
        scope.roots = vec![Root::Var, Root::Secret];
        let auth = auth::check(written.auth.as_ref(), &mut scope);
        if let Some(auth) = &auth {
            auth::comes_once(auth, written, &mut scope);
        }
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
        let (setup, pages, details, wait) = (setup?, pages?, details??, wait?);
        chain::is_fast_enough(written, wait.as_ref(), limits.spacing, checker);
        let origin = &pages.request.origin;
        let auth = auth?.within(origin, &allow_origins, written, checker);
        let before = setup.iter().map(|step| &step.request).zip(&written.setup);
        for (request, written) in before {
            chain::stays_near(request, written.request.place(), origin, &allow_origins, checker);
        }
        let after = details.iter().map(|detail| &detail.pages.request).zip(&written.details);
        for (request, written) in after {
            chain::stays_near(request, written.request.place(), origin, &allow_origins, checker);
        }
        let others = setup.iter().map(|step| &step.request);
        let others = others.chain(details.iter().flat_map(|detail| detail.pages.requests()));
        let requests = Requests::new(&pages.request, others);
        let partitions = written.partitions.as_ref().map(|written| {
            let near = (origin, &allow_origins[..]);
            partitions::check(written, listed.flatten(), &requests, near, checker)
        });
        let cursor = cursor::check(written, &requests, rewrite, &event, checker)?;
        let errors = error_rule::check(written, &requests, &cursor, checker);
        let schedule = schedule?;
        let has_records = details.last().map_or(&pages, |detail| &detail.pages);
        event.one_is_a_list = has_records.decode == PageDecode::Xml;
        cursor::check_pace(&cursor, schedule, written, checker);
        let asked = format!("{:?}{:?}{:?}", pages.request, pages.then, pages.next);
        // What a page leads on to came later: without it the digest is as it was.
        let chain = match (setup.as_slice(), details.as_slice()) {
            ([], []) => String::new(),
            chain => format!("{chain:?}"),
        };
        Some(Poll {
            schedule,
            auth,
            request_digest: super::load::digest([asked.as_bytes(), chain.as_bytes()]),
            setup,
            pages,
            wait,
            details,
            cursor,
            partitions: match partitions {
                None => None,
                Some(partitions) => Some(partitions?),
            },
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

fn allow_origins(written: &[Located<String>], scope: &mut RequestScope<'_, '_>) -> Vec<Origin> {
    scope.roots = vec![Root::Var];
    let mut origins = Vec::new();
    for text in written {
        let Some(template) = scope.template(text) else { continue };
        let origin = template
            .as_literal()
            .and_then(|text| url::Url::parse(text).ok())
            .filter(|url| url.path() == "/" && url.query().is_none() && url.fragment().is_none())
            .filter(|url| url.username().is_empty() && url.password().is_none())
            .and_then(|url| Origin::of(&url))
            .filter(|origin| origin.scheme == "https" || origin.is_loopback());
        match origin {
            Some(origin) => origins.push(origin),
            None => scope.checker.error_with(
                text.place(),
                format!("`{}` is not an origin", &**text),
                "write `https://host`, without a path",
            ),
        }
    }
    origins
}
