//! The requests before the first page: subscriptions that must exist, jobs that
//! are submitted, values that later requests need.

use std::collections::BTreeMap;

use http::HeaderMap;
use jiff::Timestamp;
use mef_ports::{CursorRecord, HttpResponse, SetupDone, WaitedFor};
use mef_source::Root;
use mef_source::checked::{Detail, SetupStep};
use serde_json::Value;
use url::Url;

use crate::ask::asking::Answered;
use crate::ask::asking::Asking;
use crate::ask::asking::Waiting;
use crate::ask::fetch_error::FetchError;
use crate::ask::request::build_one;
use crate::ask::scope::RequestScope;
use crate::page::decode::json;
use crate::page::next::kept_text;
use crate::run::context::Run;
use crate::run::report::RunError;

/// How far the setup came, and why no further.
pub(crate) struct SetUp {
    done: SetupDone,
    end: Result<(), FetchError>,
}

impl Run<'_> {
    /// Does what comes before the requests of `scope`, from where an earlier run
    /// left it, so that no job is submitted twice.
    pub(crate) async fn set_up(&self, scope: RequestScope<'_>) -> SetUp {
        let poll = &self.poller.poll;
        let mut done = match &self.record.setup {
            Some(done) if done.request_digest == poll.request_digest => done.clone(),
            _ => SetupDone {
                steps: 0,
                at: self.now(),
                values: BTreeMap::new(),
                request_digest: poll.request_digest.clone(),
            },
        };
        for (index, step) in poll.setup.iter().enumerate().skip(done.steps) {
            let scope = RequestScope { setup: Some(&done), ..scope };
            let answer = match self.setup_step(index, step, &scope, done.at).await {
                Ok(answer) => answer,
                Err(error) => return SetUp { done, end: Err(error) },
            };
            // What was ignored brings nothing, which later requests leave out.
            if let Some((body, headers)) = answer.value {
                for (name, path) in &step.values {
                    let Some(value) = kept_text(path, &body, &headers) else {
                        let (step, path) = (index + 1, path.to_string());
                        return SetUp { done, end: Err(FetchError::NoValue { step, path }) };
                    };
                    done.values.insert(name.clone(), value);
                }
            }
            done.steps = index + 1;
            done.at = self.now();
            // Whatever happens from here on, it is not done a second time.
            let record = CursorRecord { setup: Some(done.clone()), ..self.record.clone() };
            if let Err(error) = self.store(&record, None).await {
                return SetUp { done, end: Err(error.into()) };
            }
            if let Err(error) = self.fetcher.pass_limit(answer.not_before).await {
                return SetUp { done, end: Err(error) };
            }
        }
        SetUp { done, end: Ok(()) }
    }

    async fn setup_step(
        &self,
        index: usize,
        step: &SetupStep,
        scope: &RequestScope<'_>,
        since: Timestamp,
    ) -> Result<Answered<(Value, HeaderMap)>, FetchError> {
        let request = build_one(&self.poller.poll, &step.request, scope)?;
        let wait = step.wait.as_ref().map(|wait| Waiting {
            wait,
            of: WaitedFor::Step(index),
            since,
            request: &step.request,
        });
        let asking =
            Asking { request: &request, again: None, ignore: &step.ignore, wait: wait.as_ref() };
        let reads_body = step.values.iter().any(|(_, path)| path.root() == Root::Record);
        let read = |_: &Url, response: &HttpResponse| {
            let body = match reads_body {
                true => json(&response.body)?,
                false => Value::Null,
            };
            Ok((body, response.headers.clone()))
        };
        self.fetcher.ask_until_ready(asking, read).await
    }

    /// Keeps how far the setup came, for the requests after it or for another
    /// run.
    pub(crate) fn keep_setup(&mut self, SetUp { done, end }: SetUp) -> Result<(), RunError> {
        let poll = &self.poller.poll;
        if poll.setup.is_empty() {
            return Ok(());
        }
        // What a job lists is known only within it, and so is what has no id.
        let of_job = |detail: &Detail| detail.pages.request.reads(Root::Setup);
        let has_details = !poll.details.is_empty();
        if has_details && (poll.cursor.id().is_none() || poll.details.iter().any(of_job)) {
            self.seen.within_job(&done.values);
        }
        // Before anything is done, only what is waited for has a time to keep.
        if done.steps > 0 || matches!(end, Ok(()) | Err(FetchError::NotReady { .. })) {
            self.record.setup = Some(done);
        }
        Ok(end?)
    }

    /// Forgets what was set up, and where in it the reading was: a job that is
    /// done, has failed or is not known any more is not asked for again.
    pub(crate) fn drop_setup(&mut self) {
        if self.record.setup.take().is_none() {
            return;
        }
        self.record.pass = None;
        if let Some(open) = &mut self.record.open {
            open.next = None;
        }
    }
}
