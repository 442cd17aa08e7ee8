//! Why there is no page, and whether what was set up for it is still good.

use jiff::Timestamp;
use mef_auth::credentials::CredentialError;
use mef_ports::{CommitError, HttpError, StoreError};

use crate::ask::refusal::Refusal;
use crate::ask::refusal::RuledOut;
use crate::ask::render::RequestError;
use crate::page::page_error::PageError;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The vendor's limit: come back later.
    #[error("the vendor's rate limit is used up until {until}")]
    Limited {
        /// When to come back.
        until: Timestamp,
    },
    /// The vendor does not know the page or token that it was asked for.
    #[error("{0}")]
    Refused(Refusal),
    /// The vendor refused the credential.
    #[error("{0}: check the credential and what it is allowed to read")]
    Unauthorized(Refusal),
    /// The vendor failed again and again.
    #[error("{refusal}, {tries} times")]
    Failing {
        /// The last answer.
        refusal: Refusal,
        /// How often it was asked.
        tries: usize,
    },
    /// The page cannot be read; its bytes are kept.
    #[error("the page cannot be understood; its bytes are kept as blob `{blob}`")]
    Page {
        /// Where the bytes are.
        blob: String,
        /// What is wrong with it.
        #[source]
        error: PageError,
    },
    /// A rule of the source file gives up on the answer.
    #[error(transparent)]
    Ruled(#[from] RuledOut),
    /// A rule of the source file asks for the window to be read again.
    #[error("{ruled}, and asks for its window to be read again")]
    Reread {
        /// Whether only half of it.
        half: bool,
        /// The rule.
        ruled: RuledOut,
    },
    /// What `wait` waits for is not there yet: come back later.
    #[error("the vendor is not ready before {until}")]
    NotReady {
        /// When to ask again.
        until: Timestamp,
    },
    /// What `wait` waits for will never be there.
    #[error("what the vendor was asked to prepare {0}; the next run asks for it anew")]
    GivenUp(&'static str),
    /// The answer to a step of `setup` lacks what later requests need.
    #[error(
        "the answer to step {step} of `setup` has no text or number of at most 16 KiB at `{path}`"
    )]
    NoValue {
        /// The step's number, from 1.
        step: usize,
        /// The path in the source file.
        path: String,
    },
    /// A part of a job is not there any more, and so the job is not.
    #[error(
        "a part of what the vendor was asked to prepare is gone, and the next run asks for it anew: {0}"
    )]
    JobGone(Refusal),
    /// The vendor does not give the details of one item.
    #[error("the details of an item cannot be had: {0}")]
    Detail(Refusal),
    /// There are more items on a page than can be told apart.
    #[error(
        "the page lists {0} items, and at most {limit} can be told apart: ask for smaller pages",
        limit = crate::news::seen::LIMIT
    )]
    TooManyItems(usize),
    /// The pages of details lead in a circle.
    #[error("the vendor leads in a circle: {0}")]
    Loop(&'static str),
    /// Nothing of what is listed can be had.
    #[error(
        "all {0} things listed are gone: is the URL under `details` right, and may the credential \
         read them?"
    )]
    AllGone(usize),
    /// The time is over before all that a page lists was asked for.
    #[error("the run's time ended before its page did")]
    OutOfTime,
    /// A redirect that leads nowhere.
    #[error("the vendor redirects {0}")]
    Redirect(&'static str),
    /// A secret would go where no credential does.
    #[error(
        "what is asked of `{host}` has a secret in its URL, and that origin gets none: list it under \
         `own_origins` if the credential is for it too; what is no secret belongs under `vars`"
    )]
    SecretElsewhere {
        /// The host.
        host: String,
    },
    /// No answer.
    #[error("no answer from the vendor")]
    Http(#[source] HttpError),
    /// The request cannot be made.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// There is no credential.
    #[error("no credential for the request")]
    Credential(#[source] CredentialError),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lease is gone.
    #[error(transparent)]
    Lease(#[from] CommitError),
}

impl FetchError {
    /// Whether what `setup` brought is still good after this: a later run goes on
    /// with it, and starts no other job.
    pub(crate) fn keeps_setup(&self) -> bool {
        match self {
            FetchError::Limited { .. }
            | FetchError::NotReady { .. }
            | FetchError::OutOfTime
            | FetchError::Failing { .. }
            | FetchError::Detail(_)
            | FetchError::AllGone(_)
            | FetchError::TooManyItems(_)
            | FetchError::Http(_)
            | FetchError::Credential(_)
            | FetchError::Store(_)
            | FetchError::Lease(_) => true,
            FetchError::Refused(_)
            | FetchError::Unauthorized(_)
            | FetchError::Page { .. }
            | FetchError::Ruled(_)
            | FetchError::Reread { .. }
            | FetchError::GivenUp(_)
            | FetchError::NoValue { .. }
            | FetchError::JobGone(_)
            | FetchError::Loop(_)
            | FetchError::Redirect(_)
            | FetchError::SecretElsewhere { .. }
            | FetchError::Request(_) => false,
        }
    }
}
