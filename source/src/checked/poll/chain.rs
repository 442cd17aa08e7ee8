//! Chains of requests: what comes before the first page, what a page has to be
//! waited for, and what is asked of each thing that a page lists.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::checked::checker::Checker;
use crate::checked::origin::Origin;
use crate::checked::poll::answer_when::AnswerWhen;
use crate::checked::poll::pages::{Pages, pages_of};
use crate::checked::poll::request::scope::RequestScope;
use crate::checked::poll::request::{Method, Request};
use crate::path::is_header_name;
use crate::written::{self, Located};
use crate::{Path, Place, Root, Template};

const DEFAULT_EVERY: Duration = Duration::from_secs(1);
const DEFAULT_AT_MOST: Duration = Duration::from_secs(3_600);
/// What a run waits for at most; anything longer is for another run.
const LONGEST_IN_A_RUN: Duration = Duration::from_secs(5);

/// A request that comes before the first page.
#[derive(Clone, Debug)]
pub struct SetupStep {
    /// The request.
    pub request: Request,
    /// Answers that are as good as success.
    pub ignore: Vec<AnswerWhen>,
    /// What of its answer to wait for.
    pub wait: Option<Wait>,
    /// Where the answer has what later requests read as `{setup.NAME}`: in its
    /// JSON or in a header.
    pub values: Vec<(String, Path)>,
}

/// Asks again until the answer says that it is ready.
#[derive(Clone, Debug)]
pub struct Wait {
    /// The good answers (2xx) that are ready.
    pub until: AnswerWhen,
    /// The good answers that never will be.
    pub fail: Option<AnswerWhen>,
    /// Where an answer that is not ready has what the request reads as
    /// `{wait.NAME}` when it is made again: in its JSON or in a header.
    pub values: Vec<(String, Path)>,
    /// How long between two requests.
    pub every: Duration,
    /// After how long it is given up, since the setup was done or else since
    /// the run began that asked first.
    pub at_most: Duration,
}

/// A request for each thing that a page lists.
#[derive(Clone, Debug)]
pub struct Detail {
    /// How the records are asked for, and where they are.
    pub pages: Pages,
    /// How many items are asked for at once, where it is not one.
    pub batch: Option<Batch>,
    /// Answers that say that there is nothing of the item.
    pub ignore: Vec<AnswerWhen>,
    /// Where the item has the moment after which it is not to be asked for.
    pub expires: Option<Path>,
    /// What of the item is put into each record that is an object.
    pub keep: Vec<(String, Template)>,
}

/// Items that are asked for together.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// How many at most.
    pub size: usize,
    /// What of each of them stands in the list that `{item}` then is.
    pub of: Path,
}

/// What vendors take at most is no more than this.
const MOST_AT_ONCE: u64 = 1_000;

impl RequestScope<'_, '_> {
    /// The steps before the first page; each may use the values of those before
    /// it, and what comes after this the values of all.
    pub(crate) fn setup(
        &mut self,
        written: &[Located<written::SetupStep>],
    ) -> Option<Vec<SetupStep>> {
        let mut steps = Some(Vec::new());
        if !written.is_empty() {
            self.roots.push(Root::Setup);
        }
        for written in written {
            match (self.setup_step(written), &mut steps) {
                (Some(step), Some(steps)) => steps.push(step),
                _ => steps = None,
            }
        }
        steps
    }

    fn setup_step(&mut self, written: &Located<written::SetupStep>) -> Option<SetupStep> {
        self.wait = wait_names(written.wait.as_ref());
        let request = self.request(&written.request);
        self.wait.clear();
        let ignore: Vec<_> =
            written.ignore.iter().map(|when| AnswerWhen::check(when, self.checker)).collect();
        let wait = self.wait(written.wait.as_ref());
        let values = self.values(&written.values, &[Root::Record, Root::Header]);
        for (name, path) in &written.values {
            if self.setup.contains(name) {
                self.checker.error_with(
                    path.place(),
                    format!("the value `{name}` is set by a step before this"),
                    "give it another name",
                );
            }
            self.setup.insert(name.clone());
        }
        let ignore = ignore.into_iter().collect::<Option<_>>()?;
        Some(SetupStep { request: request?, ignore, wait: wait?, values: values? })
    }

    /// Names, and where what they stand for is found.
    pub(crate) fn values(
        &mut self,
        written: &BTreeMap<String, Located<String>>,
        roots: &[Root],
    ) -> Option<Vec<(String, Path)>> {
        let mut values = Some(Vec::new());
        for (name, path) in written {
            if !is_name(name) {
                self.checker.error_with(
                    path.place(),
                    format!("`{name}` cannot be the name of a value"),
                    "use letters, digits and `_`",
                );
            }
            match (self.checker.path(path, roots), &mut values) {
                (Some(path), Some(values)) => values.push((name.clone(), path)),
                _ => values = None,
            }
        }
        values
    }

    /// What to wait for, if anything; `None` outside where that cannot be used.
    pub(crate) fn wait(
        &mut self,
        written: Option<&Located<written::Wait>>,
    ) -> Option<Option<Wait>> {
        let Some(written) = written else { return Some(None) };
        let until = good_answers(&written.until, self.checker);
        let fail = written.fail.as_ref().map(|fail| good_answers(fail, self.checker));
        let values = self.values(&written.values, &[Root::Record, Root::Header]);
        let every = self.checker.duration_or(written.every.as_ref(), DEFAULT_EVERY);
        let at_most = self.checker.duration_or(written.at_most.as_ref(), DEFAULT_AT_MOST);
        if every.is_zero() || at_most < every {
            self.checker.error_with(
                written.place(),
                "`every` is zero, or longer than `at_most`",
                "such as `every: 5s, at_most: 1h`",
            );
        }
        let fail = match fail {
            None => None,
            Some(fail) => Some(fail?),
        };
        Some(Some(Wait { until: until?, fail, values: values?, every, at_most }))
    }

    /// What is asked of each thing that a page of `own` lists.
    pub(crate) fn details(
        &mut self,
        written: &[Located<written::Detail>],
        own: &Origin,
    ) -> Option<Vec<Detail>> {
        self.item_origin = Some(own.clone());
        self.roots.push(Root::Item);
        let details: Vec<_> = written.iter().map(|written| self.detail(written)).collect();
        self.roots.retain(|root| *root != Root::Item);
        self.item_origin = None;
        for later in written.iter().skip(1) {
            if let Some(batch) = &later.batch {
                self.checker.error_with(
                    batch.place(),
                    "only the first step of `details` can ask for many items at once",
                    "leave `batch` out",
                );
            }
        }
        details.into_iter().collect()
    }

    fn detail(&mut self, written: &Located<written::Detail>) -> Option<Detail> {
        let pages = self.pages(&pages_of!(written));
        let ignore: Vec<_> =
            written.ignore.iter().map(|when| AnswerWhen::check(when, self.checker)).collect();
        let expires = match &written.expires {
            None => Some(None),
            Some(path) => self.checker.path(path, &[Root::Record]).map(Some),
        };
        // What is kept goes into events.
        let roots = self.roots.clone();
        self.roots.retain(|root| *root != Root::Secret);
        let keep = self.pairs(&written.keep);
        self.roots = roots;
        let pages = pages?;
        let batch = self.batch(written, &pages.request)?;
        if !pages.request.reads(Root::Item) {
            self.checker.error_with(
                written.request.place(),
                "the request does not use `{item}`",
                "without it every item would bring the same: such as `{item.id}` in its URL",
            );
        }
        let ignore = ignore.into_iter().collect::<Option<_>>()?;
        Some(Detail { pages, batch, ignore, expires: expires?, keep })
    }

    /// The items that are asked for together; `None` outside where that is a
    /// mistake.
    fn batch(&mut self, detail: &written::Detail, request: &Request) -> Option<Option<Batch>> {
        let Some(written) = &detail.batch else { return Some(None) };
        let mut paths = request.templates().into_iter().flat_map(Template::paths);
        if paths.any(|path| path.root() == Root::Item && !path.segments().is_empty()) {
            self.checker.error_with(
                written.place(),
                "`{item}` is a list where many are asked for, and has nothing at a path",
                "write `{item}`, and under `of` what of each item stands in the list",
            );
            return None;
        }
        if detail.expires.is_some() || !detail.keep.is_empty() {
            self.checker.error_with(
                written.place(),
                "`expires` and `keep` are about one item, and `batch` asks for many",
                "leave `batch` out, or take what you need from the records themselves",
            );
            return None;
        }
        let size = Some(*written.size).filter(|size| (1..=MOST_AT_ONCE).contains(size));
        let Some(size) = size.and_then(|size| usize::try_from(size).ok()) else {
            self.checker.error_with(
                written.size.place(),
                format!("{} items cannot be asked for at once", *written.size),
                format!("write from 1 to {MOST_AT_ONCE}"),
            );
            return None;
        };
        let (place, of) = match &written.of {
            Some(path) => (path.place(), path.as_str()),
            None => (None, ""),
        };
        let of = self.checker.path_at(place, of, &[Root::Record])?;
        Some(Some(Batch { size, of }))
    }
}

/// Reports what would never come to an end under the limits of the file's own.
pub(crate) fn is_fast_enough(
    poll: &written::Poll,
    wait: Option<&Wait>,
    spacing: Option<Duration>,
    checker: &mut Checker<'_>,
) {
    let lists = matches!(poll.partitions.as_deref(), Some(written::Partitions::Request(_)));
    if (lists || !poll.details.is_empty())
        && spacing.is_some_and(|spacing| spacing > LONGEST_IN_A_RUN)
    {
        checker.error_with(
            poll.limits.rate.as_ref().and_then(Located::place),
            "a run would come no further than its list: it waits five seconds at most, and the next begins with the list again",
            "write `12/min` or more",
        );
    }
    if poll.cursor.listing.is_some() && wait.is_some_and(|wait| wait.every > LONGEST_IN_A_RUN) {
        checker.error_with(
            poll.wait.as_ref().and_then(Located::place),
            "each run reads a listing from its first page, so that one which ends to wait comes no further",
            "write an `every` of five seconds or less",
        );
    }
}

/// What the request that `wait` belongs to may read.
pub(crate) fn wait_names(wait: Option<&Located<written::Wait>>) -> BTreeSet<String> {
    wait.map(|wait| wait.values.keys().cloned().collect()).unwrap_or_default()
}

/// Only a good answer is looked at: what others mean is for `errors` to say.
fn good_answers(
    written: &Located<written::AnswerWhen>,
    checker: &mut Checker<'_>,
) -> Option<AnswerWhen> {
    let when = AnswerWhen::check(written, checker)?;
    if !(200..=299).any(|status| when.status.contains(status)) {
        checker.error_with(
            written.place(),
            "only answers with a status of 2xx are waited for",
            "say under `errors` what others mean: `retry`, or `limit`",
        );
        return None;
    }
    Some(when)
}

/// Reports requests for `pages` that leave the origins that the credential belongs
/// to, unless they lead to one that is allowed and take nothing along.
pub(crate) fn pages_stay_near(
    pages: &Pages,
    place: Option<Place>,
    near: (&[Origin], &[Origin]),
    checker: &mut Checker<'_>,
) {
    // The later requests have what the first has, which is told once.
    let before = checker.problems.len();
    for request in pages.requests() {
        if checker.problems.len() == before {
            stays_near(request, place, near, checker);
        }
    }
}

/// Reports a request that leaves the origins that the credential belongs to,
/// unless it leads to one that is allowed and takes nothing along.
pub(crate) fn stays_near(
    request: &Request,
    place: Option<Place>,
    (own, allowed): (&[Origin], &[Origin]),
    checker: &mut Checker<'_>,
) {
    let shows_secret = request.url.paths().any(|path| path.root() == Root::Secret);
    if shows_secret && request.led_by().is_some_and(|path| path.root() == Root::Item) {
        checker.error_with(
            place,
            "what is listed would say who gets the secret in the URL",
            "write the secret under `query`, `headers` or `auth`: those go to the source's own origins alone",
        );
        return;
    }
    if own.contains(&request.origin) {
        return;
    }
    if !allowed.contains(&request.origin) {
        checker.error_with(
            place,
            "this goes to another origin than `request`",
            "list it under `own_origins` if the credential is for it too, or under `allow_origins`: it is then asked without",
        );
    } else if request.method == Method::Post || request.has_own_parts() || shows_secret {
        checker.error_with(
            place,
            "another origin is asked by `get`, and for nothing but a URL without a secret",
            "what else a request has is for the origin that the credential belongs to",
        );
    }
}

fn is_name(name: &str) -> bool {
    // What can be a header's name and has no dot can stand in a path.
    is_header_name(name) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
