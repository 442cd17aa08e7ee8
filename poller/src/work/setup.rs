//! The requests before the first page: subscriptions that must exist, jobs that are submitted,
//! values that later requests need.

use std::collections::BTreeMap;

use http::HeaderMap;
use jiff::Timestamp;
use mef_ports::{Commit, CursorRecord, HttpResponse, SeenChange, SetupDone, WaitedFor};
use mef_source::Root;
use mef_source::checked::{Detail, SetupStep};
use serde_json::Value;
use url::Url;

use crate::ask::asking::{Answered, Asking, Waiting};
use crate::ask::fetch_error::FetchError;
use crate::page::decode::json;
use crate::page::next::kept_text;
use crate::request::build::build_one;
use crate::request::scope::RequestScope;
use crate::work::context::Run;
use crate::work::report::RunError;

/// Does what comes before the requests of `scope`, from where an earlier run left it, so that no
/// job is submitted twice. Returns how far the setup came, and why no further.
pub(crate) async fn set_up(
    run: &Run<'_>,
    scope: RequestScope<'_>,
) -> (SetupDone, Result<(), FetchError>) {
    let poll = &run.poller.poll;
    let mut done = run.record.setup.clone().unwrap_or_else(|| SetupDone {
        steps: 0,
        at: run.now(),
        values: BTreeMap::new(),
        request_digest: poll.request_digest.clone(),
        doubtful: false,
    });
    let end = take_steps(run, scope, &mut done).await;
    (done, end)
}

async fn take_steps(
    run: &Run<'_>,
    scope: RequestScope<'_>,
    done: &mut SetupDone,
) -> Result<(), FetchError> {
    for (index, step) in run.poller.poll.setup.iter().enumerate().skip(done.steps) {
        let scope = RequestScope { setup: Some(done), ..scope };
        let answer = ask_step(run, index, step, &scope, done.at).await?;
        // An ignored response has no values, and later requests leave them out.
        if let Some((body, headers)) = answer.value {
            for (name, path) in &step.values {
                let Some(value) = kept_text(path, &body, &headers) else {
                    let (step, path) = (index + 1, path.to_string());
                    return Err(FetchError::NoValue { step, path });
                };
                done.values.insert(name.clone(), value);
            }
        }
        done.steps = index + 1;
        done.at = run.now();
        // Whatever happens from here on, this step is not done a second time.
        let mut record = run.record.clone();
        record.setup = Some(done.clone());
        store(run, &record).await?;
        run.fetcher.pass_limit(answer.not_before).await?;
    }
    Ok(())
}

async fn store(run: &Run<'_>, record: &CursorRecord) -> Result<(), FetchError> {
    let lease = run.lease.current().await;
    Ok(run.poller.ports.cursors.commit(&lease, Commit { record, seen: SeenChange::Keep }).await?)
}

async fn ask_step(
    run: &Run<'_>,
    index: usize,
    step: &SetupStep,
    scope: &RequestScope<'_>,
    since: Timestamp,
) -> Result<Answered<(Value, HeaderMap)>, FetchError> {
    let request = build_one(&run.poller.poll, &step.request, scope, None)?;
    let wait = step.wait.as_ref().map(|wait| Waiting {
        wait,
        of: WaitedFor::Step(index),
        since,
        request: &step.request,
    });
    let asking = Asking {
        request: &request,
        again: None,
        moves: false,
        ignore: &step.ignore,
        wait: wait.as_ref(),
    };
    let reads_body = step.values.iter().any(|(_, path)| path.root() == Root::Record);
    let read = |_: &Url, response: &HttpResponse| {
        let body = match reads_body {
            true => json(&response.body)?,
            false => Value::Null,
        };
        Ok((body, response.headers.clone()))
    };
    run.fetcher.ask_until_ready(asking, read).await
}

/// Keeps how far the setup came, for the requests after it or for a later run.
pub(crate) fn keep_setup(
    run: &mut Run<'_>,
    done: SetupDone,
    end: Result<(), FetchError>,
) -> Result<(), RunError> {
    let poll = &run.poller.poll;
    if poll.setup.is_empty() {
        return Ok(());
    }
    // Items that a job lists, and items without an id, are known only within the job.
    let of_job = |detail: &Detail| detail.pages.request.reads(Root::Setup);
    let has_details = !poll.details.is_empty();
    if has_details && (poll.cursor.id().is_none() || poll.details.iter().any(of_job)) {
        let mut named = done.values.clone();
        named.retain(|name, _| !poll.renew.iter().any(|(renewed, _)| renewed == name));
        run.seen.within_job(&named);
    }
    // Before the first step is done, only a wait has a time to keep.
    if done.steps > 0 || matches!(end, Ok(()) | Err(FetchError::NotReady { .. })) {
        run.record.setup = Some(done);
    }
    Ok(end?)
}
