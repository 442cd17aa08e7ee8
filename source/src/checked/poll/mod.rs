//! What `poll` means: how a source is asked for its records.

mod auth;
mod cursor;
mod details;
mod error_rule;
mod finish;
mod identify;
mod identity;
mod limits;
mod origins;
mod pages;
mod partitions;
mod parts;
mod patience;
mod request;
mod response_when;
mod setup;
mod wait;

pub use auth::{
    Assertion, AssertionSlot, KeyFile, Life, PollAuth, SendToken, Sign, SignText, TokenAuth,
    TokenBody, TokenLocation, TokenResponse, UserPassword,
};
pub use cursor::{
    Asked, Cursor, Follow, IdCursor, ListingCursor, NextLinkCursor, RecordId, RestartAt,
    TimeCursor, TokenCursor,
};
pub use details::{Batch, Detail};
pub use error_rule::ErrorRule;
pub use limits::{Early, PollLimits};
pub use pages::{Csv, Expects, Next, PageDecode, Pages, Records, Slot, Stop, TokenForm, Trailer};
pub use partitions::{PartitionRequest, Partitions, name_problem};
pub use request::{Method, Request, RequestBody};
pub use response_when::{Condition, ResponseWhen, Statuses};
pub use setup::SetupStep;
pub use wait::Wait;

use std::time::Duration;

use serde_json::{Map, Value};

use crate::checked::checker::{Checker, Told};
use crate::checked::event::EventSpec;
use crate::checked::origin::Origin;
use crate::path::{Path, Root};
use crate::template::Template;
use crate::written::{self, Located, Repeats};
use origins::Origins;
use parts::Parts;
use request::Requests;
use request::scope::RequestScope;

const DEFAULT_MAX_PAGE: usize = 64 * 1024 * 1024;

/// The most that the pages of all partitions that are read at once may take, in bytes: half of the poller's memory
/// on AWS. A single one may take more.
const MOST_IN_MEMORY: usize = 256 * 1024 * 1024;
/// Shorter than the lease of 30 seconds, which is renewed before each request.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(25);

/// How a source is polled.
#[derive(Clone, Debug)]
pub struct Poll {
    /// The time from one run to the next.
    pub schedule: Duration,
    /// How we prove who we are.
    pub auth: PollAuth,
    /// The requests before the first page of each window, or of a run without windows.
    pub setup: Vec<SetupStep>,
    /// How the pages of a window are requested, and what they list.
    pub pages: Pages,
    /// What to wait for on a page.
    pub wait: Option<Wait>,
    /// Values of the setup that each page brings anew, and where.
    pub renew: Vec<(String, Path)>,
    /// The request that ends what was begun at the vendor.
    pub finish: Option<Request>,
    /// The requests for each item that a page lists; if there are none, a page lists the
    /// records themselves.
    pub details: Vec<Detail>,
    /// What is added to each record, or each item that a page lists, that is an object.
    pub keep: Vec<(String, Template)>,
    /// How far the stream has been read.
    pub cursor: Cursor,
    /// The partitions of the source; `None` if there is one stream.
    pub partitions: Option<Partitions>,
    /// What happens to a record that was delivered before.
    pub repeats: Repeats,
    /// How often the vendor may be asked.
    pub limits: PollLimits,
    /// What responses mean if their status alone does not tell.
    pub errors: Vec<ErrorRule>,
    /// Whether the cookies of a run go with its later requests.
    pub cookies: bool,
    /// The origins that get the credential: that of `request`, and those that the file
    /// lists as the vendor's own.
    pub own_origins: Vec<Origin>,
    /// Further origins that links and redirects may lead to. They do not get it.
    pub allow_origins: Vec<Origin>,
    /// The largest page that is read, in bytes.
    pub max_page: usize,
    /// How long to wait for a response.
    pub timeout: Duration,
    /// What a record must be, and which event it becomes.
    pub event: EventSpec,
    /// The identity of all requests for records: `1:` and a digest. What a cursor kept
    /// under another identity, such as a page token, is stale.
    pub request_digest: String,
}

impl Poll {
    /// Returns every request for the source's records.
    pub fn requests(&self) -> Vec<&Request> {
        let mut requests: Vec<_> = self.setup.iter().map(|step| &step.request).collect();
        requests.extend(self.pages.requests());
        requests.extend(self.details.iter().flat_map(|detail| detail.pages.requests()));
        requests.extend(&self.finish);
        requests.extend(self.auth.logout());
        if let Some(Partitions::Request(listed)) = &self.partitions {
            requests.extend(listed.pages.requests());
        }
        requests
    }

    /// Returns the names of the secrets that its requests use.
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

    /// Returns how many partitions are read at once: as many as `limits` allow, and as the pages of fit into memory.
    pub fn partitions_at_once(&self) -> usize {
        // One page is delivered while the next is fetched.
        let by_memory = MOST_IN_MEMORY / self.max_page.saturating_mul(2).max(1);
        self.limits.at_once.min(by_memory).max(1)
    }

    /// Returns whether `url` is of one of the source's own origins.
    pub fn is_own(&self, url: &url::Url) -> bool {
        Origin::of(url).is_some_and(|origin| self.own_origins.contains(&origin))
    }

    /// Returns whether records may be requested from `url`: from an own origin, one that
    /// is allowed, or one that a login may lead to. An origin that only gives tokens is
    /// none of them.
    pub fn may_ask(&self, url: &url::Url) -> bool {
        let is_listed = |origin| {
            self.allow_origins.contains(&origin) || self.auth.base_origins().contains(&origin)
        };
        self.is_own(url) || Origin::of(url).is_some_and(is_listed)
    }

    /// Returns whether a request for `url` may have the credential: to an own origin, or
    /// to one that a login may lead to. The login's response has to name that one too.
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
        let mut scope = RequestScope::new(written, vars, &event.lookups, checker);
        let plain = |listed: &[Located<Origin>]| listed.iter().map(|one| (**one).clone()).collect();
        let allowed: Vec<Origin> = plain(&origins::listed(&written.allow_origins, &mut scope));
        let listed = origins::listed(&written.own_origins, &mut scope);
        scope.own_origins = plain(&listed);
        let parts = Parts::read(written, &mut scope);
        let schedule = checker.rate(&written.schedule);
        let timeout = timeout(written, checker);
        let limits = PollLimits::check(&written.limits, checker);
        let max_page = checker.size_or(written.max_page.as_ref(), DEFAULT_MAX_PAGE);
        let spacing = limits.as_ref().ok().and_then(|limits| limits.spacing);
        limits::fits_schedule(&written.limits, spacing, schedule.ok(), checker);
        let Parts { partitions, keep, rewrite, .. } = parts;
        let (setup, mut pages, mut details) = (parts.setup?, parts.pages?, parts.details?);
        let (wait, renew, finish) = (parts.wait?, parts.renew?, parts.finish?);
        limits::is_fast_enough(written, wait.as_ref(), spacing, checker);
        let origins = Origins::new(&pages.request.origin, &listed, allowed, checker);
        let auth = parts.auth?.within(&pages.request.origin, &origins.allowed, written, checker);
        for (step, written) in setup.iter().zip(&written.setup) {
            origins.reach(&step.request, written.request.place(), checker).ok();
        }
        for (detail, written) in details.iter().zip(&written.details) {
            origins.reach_pages(&detail.pages, written.request.place(), checker);
        }
        if let Some((finish, written)) = finish.as_ref().zip(written.finish.as_ref()) {
            origins.reach(finish, written.place(), checker).ok();
        }
        if let Some(logout) = auth.logout() {
            origins.reach(logout, written.request.place(), checker).ok();
        }
        let others = setup.iter().map(|step| &step.request);
        let others = others.chain(details.iter().flat_map(|detail| detail.pages.requests()));
        let requests = Requests::new(&pages.request, others);
        if let (Ok(Some(partitions)), Some(written)) = (&partitions, &written.partitions) {
            partitions::check(partitions, written, &requests, &origins, checker);
        }
        let cursor = cursor::check(written, &requests, rewrite, &event, checker)?;
        let errors = error_rule::check(written, &requests, &cursor, checker);
        let schedule = schedule?;
        if let Cursor::Time(time) = &cursor {
            cursor::check_pace(time, schedule, written, checker);
            if written.repeats == Repeats::Keep && !time.overlap.is_zero() {
                checker.warn(
                    written.cursor.overlap.as_ref().and_then(Located::place),
                    "with `repeats: keep`, every record of the overlap is delivered twice",
                    "leave `repeats` out: equal records of one reading are counted, and only what was \
                     delivered is dropped",
                );
            }
        }
        pages.expects.cursor = cursor.record_paths().cloned().collect();
        let (has_records, kept) = match details.last_mut() {
            Some(Detail { pages, keep, .. }) => (pages, &*keep),
            None => (&mut pages, &keep),
        };
        has_records.expects.of(&event, kept);
        event.one_is_a_list = has_records.decode == PageDecode::Xml;
        Ok(Poll {
            schedule,
            auth,
            request_digest: identity::of_requests(&pages, &setup, &details),
            setup,
            pages,
            wait,
            renew,
            finish,
            details,
            keep,
            cursor,
            partitions: partitions?,
            repeats: written.repeats,
            limits: limits?,
            errors: errors?,
            cookies: written.cookies,
            own_origins: origins.own,
            allow_origins: origins.allowed,
            max_page,
            timeout,
            event,
        })
    }
}

fn timeout(written: &written::Poll, checker: &mut Checker<'_>) -> Duration {
    let timeout = checker.duration_or(written.timeout.as_ref(), LONGEST_TIMEOUT);
    if timeout > LONGEST_TIMEOUT || timeout.is_zero() {
        checker.error_with(
            written.timeout.as_ref().and_then(Located::place),
            "`timeout` is not between 1 ms and 25 s",
            "an answer must come before the lease of 30 s ends",
        );
    }
    timeout
}
