//! What is asked, and what becomes of the response.

use jiff::{SignedDuration, Timestamp};
use mef_ports::{HttpRequest, WaitedFor};
use mef_source::checked::{AnswerWhen, Request, Wait};

use crate::ask::fetch_error::FetchError;
use crate::page::read::Page;

/// A page, and when the vendor wants to be asked next.
pub(crate) struct FetchedPage {
    pub(crate) page: Page,
    /// The answer used up the limit: nothing before this moment.
    pub(crate) not_before: Option<Timestamp>,
}

/// What an answer says, and when the vendor wants to be asked next.
pub(crate) struct Answered<T> {
    /// Nothing where a rule says that the answer is to be ignored.
    pub(crate) value: Option<T>,
    pub(crate) not_before: Option<Timestamp>,
}

/// What is asked, and how its answers are taken.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) request: &'a HttpRequest,
    /// What is asked where that brought no answer, if it is not the same.
    pub(crate) again: Option<&'a HttpRequest>,
    /// Answers that are as good as success.
    pub(crate) ignore: &'a [AnswerWhen],
    pub(crate) wait: Option<&'a Waiting<'a>>,
}

/// What to do about an answer that is no page.
pub(crate) enum Verdict {
    /// Try again, after this moment if there is one.
    Again { error: FetchError, after: Option<Timestamp> },
    /// Ask for a new token, once.
    NewToken { error: FetchError },
    /// Give up.
    Fail(FetchError),
}

impl Verdict {
    /// The same of an answer to what was asked without the credential: it says
    /// nothing of that.
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

/// The longest wait inside a run; anything longer ends it.
pub(crate) const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// What is waited for.
pub(crate) struct Waiting<'a> {
    pub(crate) wait: &'a Wait,
    pub(crate) of: WaitedFor,
    /// Since when, unless an earlier run began to.
    pub(crate) since: Timestamp,
    /// What the request was made of.
    pub(crate) request: &'a Request,
}
