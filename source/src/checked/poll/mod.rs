//! What the `poll` part means.

mod answer_when;
mod auth;
mod cursor;
mod details;
mod error_rule;
mod identity;
mod limits;
mod origins;
mod pages;
mod partitions;
mod request;
mod setup;
mod wait;

pub use answer_when::{AnswerWhen, Condition, Statuses};
pub use auth::{
    Assertion, AssertionKey, AssertionPlace, Life, PollAuth, SendToken, Sign, SignText,
    TokenAnswer, TokenAuth, TokenBody, TokenPlace, UserPassword,
};
pub use cursor::{
    Cursor, Follow, IdCursor, ListingCursor, NextLinkCursor, RestartAt, TimeCursor, TokenCursor,
};
pub use details::{Batch, Detail};
pub use error_rule::ErrorRule;
pub use limits::{Early, PollLimits};
pub use pages::{Csv, Next, PageDecode, Pages, Records, Slot, Stop, TokenForm, Trailer};
pub use partitions::{PartitionRequest, Partitions, name_problem};
pub use request::{Method, Request, RequestBody};
pub use setup::SetupStep;
pub use wait::Wait;

use std::time::Duration;

use serde_json::{Map, Value};

use crate::checked::checker::{Checker, Told};
use crate::checked::event::EventSpec;
use crate::checked::origin::Origin;
use crate::path::Root;
use crate::template::Template;
use crate::written::{self, Located, Repeats};
use origins::own_origins;
use pages::keys::pages_of;
use request::Requests;
use request::scope::RequestScope;

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
    /// What is put into each record, or each thing that a page lists, that is an
    /// object.
    pub keep: Vec<(String, Template)>,
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
    /// The origins that the credential belongs to: that of `request`, and those
    /// that the file says are the vendor's own too.
    pub own_origins: Vec<Origin>,
    /// Further origins that links and redirects may lead to, without it.
    pub allow_origins: Vec<Origin>,
    /// The largest page taken, in bytes.
    pub max_page: usize,
    /// How long to wait for one answer.
    pub timeout: Duration,
    /// What a record is and what event it becomes.
    pub event: EventSpec,
    /// The identity of all that is asked for records, `1:` and a digest. What a
    /// cursor kept under another one, such as a page's token, is stale.
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

    /// Whether `url` is of one of the source's own origins.
    pub fn is_own(&self, url: &url::Url) -> bool {
        Origin::of(url).is_some_and(|origin| self.own_origins.contains(&origin))
    }

    /// Whether `url` may be asked for records: it is of an own origin, of one that
    /// is allowed, or of one that a login may lead to. Where tokens come from is none
    /// of them by itself.
    pub fn may_ask(&self, url: &url::Url) -> bool {
        let is_listed = |origin| {
            self.allow_origins.contains(&origin) || self.auth.base_origins().contains(&origin)
        };
        self.is_own(url) || Origin::of(url).is_some_and(is_listed)
    }

    /// Whether a request for `url` may have the credential: one for an own origin
    /// of the source, or one that a login may lead to, which the login's answer has
    /// to name as well.
    pub fn credential_may_go(&self, url: &url::Url) -> bool {
        let led_to = |origin| self.auth.base_origins().contains(&origin);
        self.is_own(url) || Origin::of(url).is_some_and(led_to)
    }

    pub(crate) fn check(
        written: &written::Poll,
        vars: &Map<String, Value>,
        mut event: EventSpec,
        checker: &mut Checker<'_>,
    ) -> Result<Poll, Told> {
        let schedule = checker.rate(&written.schedule);
        let mut scope = RequestScope::new(checker, vars, &event.lookups);
        let allow_origins = origins::origins(&written.allow_origins, &mut scope);
        let allow_origins: Vec<_> = allow_origins.iter().map(|origin| (**origin).clone()).collect();
        let listed_origins = origins::origins(&written.own_origins, &mut scope);
        scope.own_origins = listed_origins.iter().map(|origin| (**origin).clone()).collect();
        scope.roots = vec![Root::Var, Root::Secret, Root::Run];
        let partitions = written.partitions.as_ref();
        let partitions = partitions.map(|written| scope.partitions(written)).transpose();
        scope.roots = vec![Root::Var, Root::Secret, Root::Run, Root::Window, Root::Cursor];
        scope.roots.extend(written.partitions.as_ref().map(|_| Root::Partition));
        scope.roots.push(Root::Wait);
        let setup = scope.setup(&written.setup);
        scope.wait = wait::wait_names(written.wait.as_ref());
        let pages = scope.pages(&pages_of!(written));
        let wait = scope.wait(written.wait.as_ref());
        scope.roots.retain(|root| !matches!(root, Root::Window | Root::Cursor | Root::Wait));
        let details = match &pages {
            Ok(pages) => scope.details(&written.details, &pages.request.origin),
            Err(told) => Err(*told),
        };
        // What is kept goes into events, and is the same in whichever run.
        scope.roots.retain(|root| !matches!(root, Root::Secret | Root::Run));
        let keep = scope.pairs(&written.keep);
        scope.roots = vec![Root::Var];
        scope.roots.extend(written.partitions.as_ref().map(|_| Root::Partition));
        let rewrite = cursor::rewrite(&written.cursor, &mut scope);
        scope.roots = vec![Root::Var, Root::Secret];
        let auth = auth::check(written.auth.as_ref(), &mut scope);
        if let Ok(auth) = &auth {
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
        let spacing = limits.as_ref().ok().and_then(|limits| limits.spacing);
        if let (Some(spacing), Ok(schedule)) = (spacing, schedule)
            && spacing > schedule
        {
            checker.warn(
                written.limits.rate.as_ref().and_then(Located::place),
                "`rate` allows less than one request a run of `schedule`",
                "make the schedule slower: such runs end before they ask",
            );
        }
        let (setup, pages, details, wait) = (setup?, pages?, details?, wait?);
        limits::is_fast_enough(written, wait.as_ref(), spacing, checker);
        let origin = &pages.request.origin;
        let own_origins = own_origins(origin, &listed_origins, &allow_origins, checker);
        let auth = auth?.within(origin, &allow_origins, written, checker);
        let near = (&own_origins[..], &allow_origins[..]);
        let before = setup.iter().map(|step| &step.request).zip(&written.setup);
        for (request, written) in before {
            origins::stays_near(request, written.request.place(), near, checker);
        }
        for (detail, written) in details.iter().zip(&written.details) {
            origins::pages_stay_near(&detail.pages, written.request.place(), near, checker);
        }
        let others = setup.iter().map(|step| &step.request);
        let others = others.chain(details.iter().flat_map(|detail| detail.pages.requests()));
        let requests = Requests::new(&pages.request, others);
        if let (Ok(Some(partitions)), Some(written)) = (&partitions, &written.partitions) {
            partitions::check(partitions, written, &requests, near, checker);
        }
        let cursor = cursor::check(written, &requests, rewrite, &event, checker)?;
        let errors = error_rule::check(written, &requests, &cursor, checker);
        let schedule = schedule?;
        let has_records = details.last().map_or(&pages, |detail| &detail.pages);
        event.one_is_a_list = has_records.decode == PageDecode::Xml;
        if let Cursor::Time(time) = &cursor {
            cursor::check_pace(time, schedule, written, checker);
        }
        Ok(Poll {
            schedule,
            auth,
            request_digest: identity::of_requests(&pages, &setup, &details),
            setup,
            pages,
            wait,
            details,
            keep,
            cursor,
            partitions: partitions?,
            repeats: written.repeats,
            limits: limits?,
            errors: errors?,
            own_origins,
            allow_origins,
            max_page,
            timeout,
            event,
        })
    }
}
