//! Waiting for what a vendor prepares: it is asked again until the answer says
//! that it is ready.

use jiff::SignedDuration;
use mef_ports::HttpResponse;
use mef_source::checked::Wait;
use url::Url;

use crate::error_rules::any;
use crate::fetch::{Answer, Asking, Fetcher, LONGEST_WAIT};
use crate::fetch_error::FetchError;
use crate::moment::after;
use crate::page::PageError;

/// What an answer says of what is waited for.
enum State<T> {
    Ready(T),
    NotYet,
    Never,
}

impl Fetcher<'_> {
    /// Asks until the answer is ready, and reads it then. What takes longer than
    /// a run waits, or than the run has left, is for another run.
    pub(crate) async fn ask_until_ready<T>(
        &self,
        asking: Asking<'_>,
        read: impl Fn(&Url, &HttpResponse) -> Result<T, PageError>,
    ) -> Result<Answer<T>, FetchError> {
        let Some((wait, since)) = asking.wait else { return self.ask(asking, read).await };
        loop {
            let read = |url: &Url, response: &HttpResponse| match state(wait, response) {
                State::Ready(()) => read(url, response).map(State::Ready),
                State::NotYet => Ok(State::NotYet),
                State::Never => Ok(State::Never),
            };
            let Answer { value, not_before } = self.ask(asking, read).await?;
            match value {
                None => return Ok(Answer { value: None, not_before }),
                Some(State::Ready(value)) => return Ok(Answer { value: Some(value), not_before }),
                Some(State::Never) => return Err(FetchError::GivenUp("has failed")),
                Some(State::NotYet) => {}
            }
            let now = self.clock.now();
            let until = after(now, wait.every).max(not_before.unwrap_or(now));
            if until > after(since, wait.at_most) {
                return Err(FetchError::GivenUp("is not ready in the time that `wait` gives it"));
            }
            let pause = until.duration_since(now);
            if pause > LONGEST_WAIT || !self.budget.allows(until, SignedDuration::ZERO) {
                return Err(FetchError::NotReady { until });
            }
            if let Ok(pause) = pause.try_into() {
                self.clock.sleep(pause).await;
            }
        }
    }
}

fn state(wait: &Wait, response: &HttpResponse) -> State<()> {
    let is = |when| any(std::slice::from_ref(when), response);
    if wait.fail.as_ref().is_some_and(is) {
        State::Never
    } else if is(&wait.until) {
        State::Ready(())
    } else {
        State::NotYet
    }
}
