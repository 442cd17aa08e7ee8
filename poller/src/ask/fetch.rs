//! Sending a request: with the credential, within limits, again if that may help, and only to the
//! source's origins.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{Method, StatusCode};
use jiff::Timestamp;
use mef_auth::credentials::{CookieJar, CredentialError, Credentials};
use mef_auth::header_text;
use mef_ports::moment::after;
use mef_ports::{Blobs, Clock, Http, HttpError, HttpRequest, HttpResponse, OpenWait, Secret};
use mef_source::Source;
use mef_source::checked::{Poll, PollAuth};
use url::Url;

use crate::ask::asking::{Answered, Asking, LONGEST_WAIT, Verdict};
use crate::ask::error_rules;
use crate::ask::fetch_error::FetchError;
use crate::ask::limits::{LIMIT_WITHOUT_RESET, LimitHeaders};
use crate::ask::pace::Pace;
use crate::ask::refusal::{Refusal, RuledOut};
use crate::ask::vendor_clock::{Shown, VendorClock};
use crate::budget::Budget;
use crate::lease::LeaseKeeper;
use crate::page::page_error::PageError;
use crate::request::link_secrets::without_repeated;

const TRIES_AGAIN: usize = 4;
const MOST_REDIRECTS: usize = 5;
/// How far a clock is ahead that somebody has to set.
const WRONG_CLOCK: Duration = Duration::from_secs(60);

/// Fetches the pages of one run.
pub(crate) struct Fetcher<'p> {
    pub(crate) source: &'p Source,
    pub(crate) poll: &'p Poll,
    pub(crate) http: &'p dyn Http,
    pub(crate) credentials: &'p Credentials,
    pub(crate) secrets: BTreeMap<String, Secret>,
    pub(crate) blobs: &'p Arc<dyn Blobs>,
    pub(crate) clock: &'p dyn Clock,
    /// `None` if no stream is read yet.
    pub(crate) lease: Option<&'p LeaseKeeper<'p>>,
    pub(crate) budget: &'p Budget,
    /// What an earlier run waited for, or what this run leaves to the next.
    pub(crate) open_wait: Mutex<Option<OpenWait>>,
    pub(crate) requests: AtomicU64,
    pub(crate) pace: &'p Pace,
    /// What the vendor has set in this run.
    pub(crate) cookies: Mutex<CookieJar>,
    pub(crate) vendor_clock: VendorClock,
}

/// A response, and the request that it answers.
struct Exchange {
    request: HttpRequest,
    response: HttpResponse,
    /// Whether the request had the credential.
    is_ours: bool,
}

/// Returns how long to wait before each further try.
pub(crate) fn waits() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(4))
        .with_max_times(TRIES_AGAIN)
        .with_jitter()
        .build()
}

impl Fetcher<'_> {
    /// Sends the request, again if that may help, and reads the response.
    pub(crate) async fn ask<T>(
        &self,
        mut asking: Asking<'_>,
        read: impl Fn(&Url, &HttpResponse) -> Result<T, PageError>,
    ) -> Result<Answered<T>, FetchError> {
        let mut waits = waits();
        let mut may_refresh = true;
        loop {
            let verdict = match self.attempt(asking, &read).await {
                Ok(answer) => {
                    self.share_limit(answer.not_before);
                    return Ok(answer);
                }
                Err(verdict) => verdict,
            };
            match verdict {
                Verdict::Fail(error) => return Err(error),
                Verdict::NewToken { error } if !may_refresh => return Err(error),
                Verdict::NewToken { .. } => {
                    may_refresh = false;
                    self.credentials
                        .refused(self.source.name.as_str(), &self.poll.auth, &self.secrets)
                        .await
                        .map_err(FetchError::Credential)?;
                }
                Verdict::Again { error, .. } if asking.moves && error.may_have_moved() => {
                    return Err(error);
                }
                Verdict::Again { error, after } => {
                    if let FetchError::Limited { .. } = error {
                        self.share_limit(after);
                    }
                    let now = self.clock.now();
                    let wait = after.map(|after| after.duration_since(now));
                    if let (Some(until), Some(wait)) = (after, wait)
                        && wait > LONGEST_WAIT
                    {
                        return Err(FetchError::Limited { until });
                    }
                    let Some(backoff) = waits.next() else { return Err(error) };
                    let asked = wait.and_then(|wait| wait.try_into().ok()).unwrap_or(backoff);
                    tracing::debug!(source.id = %self.source.name, error = %error, "trying again");
                    asking.request = asking.again.unwrap_or(asking.request);
                    // A wait for a limit is counted, a wait after a failure is not.
                    match after {
                        Some(_) => self.pace.wait(asked, self.clock).await,
                        None => self.clock.sleep(asked).await,
                    }
                }
            }
        }
    }

    /// Holds the other partitions back too, which would only meet the limit again.
    fn share_limit(&self, until: Option<Timestamp>) {
        if let Some(until) = until.filter(|_| self.poll.partitions.is_some()) {
            self.pace.hold(until);
        }
    }

    /// Waits until `until` if that is near; else returns it as the error.
    pub(crate) async fn wait_until(&self, until: Timestamp) -> Result<(), Timestamp> {
        let wait = until.duration_since(self.clock.now());
        if wait > LONGEST_WAIT {
            return Err(until);
        }
        if let Ok(wait) = wait.try_into() {
            self.pace.wait(wait, self.clock).await;
        }
        Ok(())
    }

    /// Waits for the limit that a response told; a far one ends the run.
    pub(crate) async fn pass_limit(&self, not_before: Option<Timestamp>) -> Result<(), FetchError> {
        match not_before {
            Some(until) => {
                self.wait_until(until).await.map_err(|until| FetchError::Limited { until })
            }
            None => Ok(()),
        }
    }

    async fn attempt<T>(
        &self,
        asking: Asking<'_>,
        read: impl Fn(&Url, &HttpResponse) -> Result<T, PageError>,
    ) -> Result<Answered<T>, Verdict> {
        let answered = self.send_and_follow(asking.request.clone()).await?;
        let is_ours = answered.is_ours;
        match self.judge(asking, answered, read).await {
            Ok(Answered { value, .. }) if !is_ours => Ok(Answered { value, not_before: None }),
            Err(verdict) if !is_ours => Err(verdict.of_another(self.clock.now())),
            judged => judged,
        }
    }

    /// Judges a response.
    async fn judge<T>(
        &self,
        asking: Asking<'_>,
        answered: Exchange,
        read: impl Fn(&Url, &HttpResponse) -> Result<T, PageError>,
    ) -> Result<Answered<T>, Verdict> {
        let Exchange { request: asked, response, .. } = answered;
        let redactor = self.credentials.redactor();
        let refusal = |response: &_| Refusal::new(&asked.method, &asked.url, response, redactor);
        let limits = LimitHeaders(&self.poll.limits);
        let now = self.clock.now();
        let status = response.status;
        if error_rules::any(asking.ignore, &response) {
            return Ok(Answered {
                value: None,
                not_before: limits.used_up(&response.headers, now),
            });
        }
        if let Some((rule, action)) = error_rules::find(&self.poll.errors, &response) {
            let ruled = RuledOut { refusal: refusal(&response), rule };
            return error_rules::decide(ruled, action, &response, &limits, now);
        }
        if status.is_success() {
            let not_before = limits.used_up(&response.headers, now);
            return match read(&asked.url, &response) {
                Ok(value) => Ok(Answered { value: Some(value), not_before }),
                Err(PageError::NotReady) => {
                    Err(Verdict::not_ready(limits.retry_after(&response.headers, now), now))
                }
                // A body that is cut off or garbled may be whole the next time.
                Err(error) => {
                    let again = error.may_pass();
                    let error = self.keep_page(response.body, error).await;
                    match again && matches!(error, FetchError::Page { .. }) {
                        true => Err(Verdict::Again { error, after: None }),
                        false => Err(Verdict::Fail(error)),
                    }
                }
            };
        }
        if limits.is_limit(status, &response.headers) {
            let until = limits.until(&response.headers, now);
            let error = FetchError::Limited {
                until: until.unwrap_or_else(|| after(now, LIMIT_WITHOUT_RESET)),
            };
            return Err(Verdict::Again { error, after: until });
        }
        let refusal = refusal(&response);
        Err(match status {
            StatusCode::UNAUTHORIZED => {
                Verdict::NewToken { error: FetchError::Unauthorized(refusal) }
            }
            StatusCode::FORBIDDEN => Verdict::Fail(match self.poll.auth {
                PollAuth::Token(_) => FetchError::Forbidden(refusal),
                _ => FetchError::Unauthorized(refusal),
            }),
            status
                if matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY)
                    || status.is_server_error() =>
            {
                let error = FetchError::Failing { refusal, tries: TRIES_AGAIN + 1 };
                Verdict::Again { error, after: None }
            }
            _ => Verdict::Fail(FetchError::Refused(refusal)),
        })
    }

    /// Sends a request once, whose response nothing depends on. What it would end may be gone.
    pub(crate) async fn tell(&self, request: HttpRequest) -> Result<(), FetchError> {
        let answered = self.send_and_follow(request).await.map_err(Verdict::into_error)?;
        let Exchange { request, response, .. } = answered;
        let status = response.status;
        if status.is_success() || matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Ok(());
        }
        let redactor = self.credentials.redactor();
        Err(FetchError::Refused(Refusal::new(&request.method, &request.url, &response, redactor)))
    }

    /// Sends the request and follows redirects within the source's origins.
    async fn send_and_follow(&self, mut request: HttpRequest) -> Result<Exchange, Verdict> {
        let first = request.url.clone();
        let mut is_ours = true;
        for _ in 0..=MOST_REDIRECTS {
            let spacing = self.poll.limits.spacing;
            let turn = self.pace.take_turn(spacing, self.clock, LONGEST_WAIT).await;
            turn.map_err(|until| Verdict::Fail(FetchError::Limited { until }))?;
            // An origin that gets no credential may not send a request to one that does.
            if !is_ours && self.poll.credential_may_go(&request.url) {
                let back = "from where no credential goes back to where it does";
                return Err(Verdict::Fail(FetchError::Redirect(back)));
            }
            self.keep_lease().await?;
            // Only after the wait, since a signature has the time in it.
            let mut authorized = request.clone();
            is_ours = self.authorize(&mut authorized, &first).await?;
            match is_ours {
                true => self.put_cookies(&mut authorized)?,
                false => request = authorized.clone(),
            }
            // A login takes time as well.
            self.keep_lease().await?;
            self.requests.fetch_add(1, Ordering::Relaxed);
            let sent = self.clock.now();
            let asked = authorized.url.clone();
            let response = self.http.send(authorized).await.map_err(|error| match error {
                error @ (HttpError::Transport(_) | HttpError::Encoding(_)) => {
                    Verdict::Again { error: FetchError::Http(error), after: None }
                }
                error => Verdict::Fail(FetchError::Http(error)),
            })?;
            let source = self.source.name.as_str();
            if is_ours {
                self.note_clock(&response, sent);
                self.keep_cookies(&asked, &response);
            }
            self.credentials.note_response(
                source,
                &self.poll.auth,
                response.status,
                &response.headers,
            );
            if !response.status.is_redirection() {
                return Ok(Exchange { request, response, is_ours });
            }
            let target = response
                .headers
                .get(LOCATION)
                .and_then(|location| request.url.join(&header_text(location)).ok())
                .ok_or(Verdict::Fail(FetchError::Redirect("to no URL")))?;
            if request.url.scheme() == "https" && target.scheme() != "https" {
                return Err(Verdict::Fail(FetchError::Redirect("from https to http")));
            }
            // RFC 9110 §15.4: a POST becomes a GET at the other place, unless the status says to
            // post there again.
            if request.method == Method::POST
                && !matches!(
                    response.status,
                    StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
                )
            {
                request.method = Method::GET;
                request.body = None;
                request.headers.remove(CONTENT_TYPE);
            }
            request.url = target;
        }
        Err(Verdict::Fail(FetchError::Redirect("again and again")))
    }

    /// Adds the cookies that its origin has set, once the request is as it goes out: a login may lead
    /// it to another origin.
    fn put_cookies(&self, request: &mut HttpRequest) -> Result<(), Verdict> {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        cookies
            .put(request, self.credentials.redactor())
            .map_err(|error| Verdict::Fail(FetchError::Credential(error)))
    }

    fn keep_cookies(&self, asked: &Url, response: &HttpResponse) {
        if !self.poll.cookies {
            return;
        }
        let redactor = self.credentials.redactor();
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        cookies.keep(asked, &response.headers, self.clock.now(), redactor);
    }

    /// Learns how far our clock is ahead of the vendor's, and tells if it is by more than a network
    /// explains.
    fn note_clock(&self, response: &HttpResponse, sent: Timestamp) {
        match self.vendor_clock.note(&response.headers, sent, self.clock.now()) {
            Some(Shown::Ahead(ahead)) if ahead > WRONG_CLOCK => tracing::warn!(
                source.id = %self.source.name,
                clock.ahead_s = ahead.as_secs(),
                "this machine's clock is ahead of the vendor's: nothing is marked as read past the \
                 vendor's time; set the clock that is wrong"
            ),
            Some(Shown::Stands(date)) => tracing::warn!(
                source.id = %self.source.name,
                clock.stands_at = %date,
                "the `Date` of the vendor's responses stands still, as that of a cache without `Age` does: \
                 windows end by this machine's clock"
            ),
            _ => {}
        }
    }

    /// Makes sure that the lease outlasts the next request.
    async fn keep_lease(&self) -> Result<(), Verdict> {
        let Some(lease) = self.lease else { return Ok(()) };
        lease.keep().await.map_err(|error| Verdict::Fail(error.into()))
    }

    /// Adds the credential if the request goes to an origin that it belongs to, and returns whether
    /// it did. `first` is the URL that redirects lead on from.
    async fn authorize(&self, request: &mut HttpRequest, first: &Url) -> Result<bool, Verdict> {
        if !self.poll.may_ask(&request.url) {
            let host = request.url.host_str().unwrap_or_default().to_owned();
            let reason = "it is none of the source's own origins, nor listed under `allow_origins`";
            let error = HttpError::Forbidden { host, reason: reason.to_owned() };
            return Err(Verdict::Fail(FetchError::Http(error)));
        }
        if self.poll.credential_may_go(&request.url) {
            let source = self.source.name.as_str();
            let authorized = self
                .credentials
                .authorize(source, &self.poll.auth, &self.secrets, request)
                .await
                .map_err(|error| match error {
                    CredentialError::Limited { until } => {
                        Verdict::Again { error: FetchError::Limited { until }, after: Some(until) }
                    }
                    error => Verdict::Fail(FetchError::Credential(error)),
                })?;
            self.requests.fetch_add(authorized.token_requests, Ordering::Relaxed);
            if !authorized.is_withheld {
                return Ok(true);
            }
        }
        request.strip();
        let is_secret = |text: &str| self.credentials.shows_one(text);
        request.url = without_repeated(request.url.clone(), self.poll, first, is_secret);
        if is_secret(request.url.as_str()) {
            let host = request.url.host_str().unwrap_or_default().to_owned();
            return Err(Verdict::Fail(FetchError::SecretElsewhere { host }));
        }
        Ok(false)
    }
}
