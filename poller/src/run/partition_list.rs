//! Partitions that the vendor lists. It is asked at the beginning of each run, so that a new one is
//! read from then on without a change of the source file.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use http::HeaderMap;
use jiff::SignedDuration;
use mef_auth::unique_id;
use mef_source::checked::{PartitionRequest, name_problem};
use mef_source::template::{Rendered, Variables};
use mef_source::{Path, Root};
use serde_json::Value;

use crate::ask::asking::FetchedPage;
use crate::ask::fetch::Fetcher;
use crate::ask::fetch_error::FetchError;
use crate::budget::Budget;
use crate::page::next::kept_text;
use crate::poller::Poller;
use crate::request::build::build;
use crate::request::render::render;
use crate::request::scope::{Partition, RequestScope, RunVariables};
use crate::run::partitions::Sum;
use crate::work::loop_guard::LoopGuard;
use crate::work::report::{RunEnd, RunError};

/// The most partitions of a source.
const MOST: usize = 10_000;
/// The most pages of the list.
const MOST_PAGES: usize = 1_000;
/// How many characters are shown of a name that is not valid.
const LONGEST_SHOWN: usize = 100;

/// A listed partition, as the template of its name reads it.
struct Listed<'l>(&'l Value);

impl Variables for Listed<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        match path.root() {
            Root::Record => Rendered::json(path.find(self.0)),
            _ => Rendered::Null,
        }
    }
}

impl Poller {
    /// Returns the partitions that the vendor lists, each once. A name that no cursor can be kept
    /// under is an error in `sum`, and the others are read.
    pub(crate) async fn listed_partitions(
        &self,
        listed: &PartitionRequest,
        budget: &Budget,
        sum: &mut Sum,
    ) -> Result<Vec<Partition>, RunEnd> {
        let (limits, now) = (&self.ports.limits, self.ports.clock.now());
        let held = self.limited_until().await.map_err(RunEnd::from)?;
        if let Some(until) = held.filter(|until| *until > now) {
            return Err(RunEnd::Limited { until });
        }
        let secrets = self.secrets().await.map_err(|error| RunEnd::Failed(error.into()))?;
        let fetcher = self.fetcher(secrets, None, budget);
        let partitions = self.ask_for_partitions(listed, &fetcher, sum).await;
        sum.summary.requests += fetcher.requests.load(Ordering::Relaxed);
        match partitions {
            Ok(partitions) => Ok(partitions),
            Err(RunError::Fetch(FetchError::Limited { until })) => {
                limits.hold(&self.credential_key(), until).await.map_err(RunEnd::from)?;
                self.ports.wakeups.wake(&self.stream(), until).await.map_err(RunEnd::from)?;
                Err(RunEnd::Limited { until })
            }
            Err(RunError::Fetch(FetchError::OutOfTime)) => Err(self.leave_rest().await),
            Err(error) => Err(RunEnd::Failed(error)),
        }
    }

    async fn ask_for_partitions(
        &self,
        listed: &PartitionRequest,
        fetcher: &Fetcher<'_>,
        sum: &mut Sum,
    ) -> Result<Vec<Partition>, RunError> {
        let id = unique_id()?;
        let run = RunVariables { id: &id, started: self.ports.clock.now() };
        let scope = RequestScope::new(&fetcher.secrets, run);
        let (mut partitions, mut known) = (Vec::new(), HashSet::new());
        let mut guard = LoopGuard::new(&listed.pages);
        let mut at = None;
        for _ in 0..MOST_PAGES {
            let request = build(&self.poll, &listed.pages, &scope, at.as_ref())
                .map_err(FetchError::Request)?;
            let FetchedPage { page, not_before } =
                fetcher.fetch_of(&listed.pages, None, &[], request).await?;
            let page = fetcher.whole(page).await?;
            let next = if page.ends { None } else { page.next.clone() };
            guard.visit(&page, next.as_ref()).map_err(RunError::Loop)?;
            for record in fetcher.values(page.records).await? {
                let name = render(&listed.name, &Listed(&record), "the name of a partition");
                let name = name.map_err(FetchError::Request)?.unwrap_or_default();
                if name_problem(&name).is_some() {
                    // Masked before it is cut: nobody could recognise half a secret.
                    let name = fetcher.credentials.redactor().mask(&name);
                    let beginning = name.chars().take(LONGEST_SHOWN).collect();
                    sum.worsen(RunEnd::Failed(RunError::Partition(beginning)));
                } else if known.insert(name.clone()) {
                    partitions.push(partition(name, &listed.values, &record));
                }
                if partitions.len() > MOST {
                    return Err(RunError::TooManyPartitions(MOST));
                }
            }
            if next.is_some()
                && !fetcher.budget.allows(self.ports.clock.now(), SignedDuration::ZERO)
            {
                return Err(FetchError::OutOfTime.into());
            }
            fetcher.pass_limit(not_before).await?;
            let Some(next) = next else { return Ok(partitions) };
            at = Some(next);
        }
        Err(RunError::Loop("its list of partitions does not end"))
    }
}

/// Returns the partition called `name`, with the values that `record` has at `paths`.
fn partition(name: String, paths: &[(String, Path)], record: &Value) -> Partition {
    let mut partition = Partition { name, ..Partition::default() };
    for (name, path) in paths {
        match kept_text(path, record, &HeaderMap::new()) {
            Some(value) => {
                partition.values.insert(name.clone(), value);
            }
            None => partition.missing = Some(path.to_string()),
        }
    }
    partition
}
