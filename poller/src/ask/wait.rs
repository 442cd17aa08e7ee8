//! Waiting for what a vendor prepares: it is asked again until the response says that it is ready.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use jiff::SignedDuration;
use mef_ports::moment::after;
use mef_ports::{HttpRequest, HttpResponse, OpenWait};
use mef_source::checked::{Request, Wait};
use mef_source::template::{Rendered, Variables};
use mef_source::{Path, Root};
use serde_json::Value;
use url::Url;

use crate::ask::asking::{Answered, Asking, LONGEST_WAIT};
use crate::ask::error_rules::any;
use crate::ask::fetch::Fetcher;
use crate::ask::fetch_error::FetchError;
use crate::page::decode::json;
use crate::page::next::kept_text;
use crate::page::page_error::PageError;
use crate::request::render::{RequestError, put_header, render, waits};

/// What a response says about what is waited for.
enum State<T> {
    Ready(T),
    /// With the values for the next request.
    NotYet(BTreeMap<String, String>),
    Never,
}

impl Fetcher<'_> {
    /// Asks until the response is ready, then reads it. A wait that is longer than a run waits, or
    /// than the run has left, is for a later run.
    pub(crate) async fn ask_until_ready<T>(
        &self,
        asking: Asking<'_>,
        read: impl Fn(&Url, &HttpResponse) -> Result<T, PageError>,
    ) -> Result<Answered<T>, FetchError> {
        let Some(waiting) = asking.wait else { return self.ask(asking, read).await };
        let wait = waiting.wait;
        let kept = self.open_wait().take().filter(|kept| kept.of == waiting.of);
        let mut open = kept.unwrap_or_else(|| OpenWait {
            of: waiting.of.clone(),
            since: waiting.since,
            values: BTreeMap::new(),
            request_digest: self.poll.request_digest.clone(),
        });
        loop {
            let mut request = asking.request.clone();
            // Other origins get none of the file's parameters and headers.
            if self.poll.is_own(&request.url) {
                with_waited(&mut request, waiting.request, &open.values)?;
            }
            let asking = Asking { request: &request, ..asking };
            let read = |url: &Url, response: &HttpResponse| match state(wait, response) {
                State::Ready(()) => read(url, response).map(State::Ready),
                State::NotYet(values) => Ok(State::NotYet(values)),
                State::Never => Ok(State::Never),
            };
            let answer = self.ask(asking, read).await;
            if answer.as_ref().err().is_some_and(FetchError::keeps_setup) {
                *self.open_wait() = Some(open.clone());
            }
            let Answered { value, not_before } = answer?;
            match value {
                None => return Ok(Answered { value: None, not_before }),
                Some(State::Ready(value)) => {
                    return Ok(Answered { value: Some(value), not_before });
                }
                Some(State::Never) => return Err(FetchError::GivenUp("has failed")),
                Some(State::NotYet(values)) => open.values.extend(values),
            }
            let now = self.clock.now();
            let until = after(now, wait.every).max(not_before.unwrap_or(now));
            if until > after(open.since, wait.at_most) {
                return Err(FetchError::GivenUp("is not ready in the time that `wait` gives it"));
            }
            let pause = until.duration_since(now);
            if pause > LONGEST_WAIT || !self.budget.allows(until, SignedDuration::ZERO) {
                *self.open_wait() = Some(open);
                return Err(FetchError::NotReady { until });
            }
            if let Ok(pause) = pause.try_into() {
                self.clock.sleep(pause).await;
            }
        }
    }

    /// Returns what an earlier run waited for, or what this run leaves to the next.
    pub(crate) fn open_wait(&self) -> MutexGuard<'_, Option<OpenWait>> {
        self.open_wait.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The values of a response that was not ready.
struct Waited<'w>(&'w BTreeMap<String, String>);

impl Variables for Waited<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        Rendered::text(self.0.get(path.name()).map(String::as_str))
    }
}

/// Puts into `http`, which was made of `request`, the values of a response that was not ready.
fn with_waited(
    http: &mut HttpRequest,
    request: &Request,
    values: &BTreeMap<String, String>,
) -> Result<(), RequestError> {
    let scope = Waited(values);
    for (name, template) in request.query.iter().filter(|(_, template)| waits(template)) {
        if let Some(value) = render(template, &scope, name)? {
            http.url.query_pairs_mut().append_pair(name, &value);
        }
    }
    for (name, template) in request.headers.iter().filter(|(_, template)| waits(template)) {
        if let Some(value) = render(template, &scope, name)? {
            put_header(&mut http.headers, name, &value, false)?;
        }
    }
    Ok(())
}

fn state(wait: &Wait, response: &HttpResponse) -> State<()> {
    let is = |when| any(std::slice::from_ref(when), response);
    if wait.fail.as_ref().is_some_and(is) {
        State::Never
    } else if is(&wait.until) {
        State::Ready(())
    } else {
        let body = match wait.values.iter().any(|(_, path)| path.root() == Root::Record) {
            true => json(&response.body).unwrap_or_default(),
            false => Value::Null,
        };
        let text = |path| kept_text(path, &body, &response.headers);
        let values = wait.values.iter();
        State::NotYet(values.filter_map(|(name, path)| Some((name.clone(), text(path)?))).collect())
    }
}
