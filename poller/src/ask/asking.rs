//! A request to the vendor, and what becomes of its response.

use jiff::{SignedDuration, Timestamp};
use mef_ports::moment::after;
use mef_ports::{HttpRequest, WaitedFor};
use mef_source::checked::{Request, ResponseWhen, Wait};

use crate::ask::fetch_error::FetchError;
use crate::ask::limits::LIMIT_WITHOUT_RESET;
use crate::page::read::Page;

/// A page, and when the vendor wants to be asked next.
pub(crate) struct FetchedPage {
    pub(crate) page: Page,
    /// The moment before which nothing may be asked, if this response used up the limit.
    pub(crate) not_before: Option<Timestamp>,
}

/// What a response says, and when the vendor wants to be asked next.
pub(crate) struct Answered<T> {
    /// `None` if a rule says to ignore the response.
    pub(crate) value: Option<T>,
    pub(crate) not_before: Option<Timestamp>,
}

/// A request, and how its responses are read.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) request: &'a HttpRequest,
    /// The request for a second try, if it is not the same.
    pub(crate) again: Option<&'a HttpRequest>,
    /// Whether the request brings something else the second time.
    pub(crate) moves: bool,
    /// Responses that count as success.
    pub(crate) ignore: &'a [ResponseWhen],
    pub(crate) wait: Option<&'a Waiting<'a>>,
}

/// What to do about a response that is no page.
pub(crate) enum Verdict {
    /// Try again, after this moment if there is one.
    Again { error: FetchError, after: Option<Timestamp> },
    /// Ask for a new token, once.
    NewToken { error: FetchError },
    /// Give up.
    Fail(FetchError),
}

impl Verdict {
    /// Returns the verdict on a response that says that what was asked for is not ready, and perhaps
    /// `until` when.
    pub(crate) fn not_ready(until: Option<Timestamp>, now: Timestamp) -> Verdict {
        let error = FetchError::NotReady {
            until: until.unwrap_or_else(|| after(now, LIMIT_WITHOUT_RESET)),
        };
        match until {
            Some(until) if until.duration_since(now) > LONGEST_WAIT => Verdict::Fail(error),
            after => Verdict::Again { error, after },
        }
    }

    /// Returns why there is no good response.
    pub(crate) fn into_error(self) -> FetchError {
        match self {
            Verdict::Again { error, .. } | Verdict::NewToken { error } | Verdict::Fail(error) => {
                error
            }
        }
    }

    /// Returns the verdict on a response to a request without the credential. It says nothing about
    /// the credential's limit or token.
    pub(crate) fn of_another(self, now: Timestamp) -> Verdict {
        match self {
            Verdict::NewToken { error } => Verdict::Fail(error),
            Verdict::Again { after: Some(until), .. }
                if until.duration_since(now) > LONGEST_WAIT =>
            {
                Verdict::Fail(FetchError::NotReady { until })
            }
            Verdict::Again { error: FetchError::Limited { until }, after } => {
                Verdict::Again { error: FetchError::NotReady { until }, after }
            }
            Verdict::Fail(FetchError::Limited { until }) => {
                Verdict::Fail(FetchError::NotReady { until })
            }
            verdict => verdict,
        }
    }
}

/// The longest wait inside a run; a longer one ends it.
pub(crate) const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// A wait for what the vendor prepares.
pub(crate) struct Waiting<'a> {
    pub(crate) wait: &'a Wait,
    pub(crate) of: WaitedFor,
    /// When the wait began, unless an earlier run began it.
    pub(crate) since: Timestamp,
    /// The request in the source file.
    pub(crate) request: &'a Request,
}
