//! Why there is no page, and whether what was set up for it is still good.

use http::StatusCode;
use jiff::Timestamp;
use mef_auth::credentials::CredentialError;
use mef_ports::{CommitError, HttpError, StoreError};

use crate::ask::refusal::{Refusal, RuledOut};
use crate::page::page_error::PageError;
use crate::request::render::RequestError;

/// How many ids of delivered records are kept at most. Each takes 16 bytes, so that the set fits
/// into one item of DynamoDB (400 KB).
pub(crate) const MOST_IDS: usize = 20_000;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The vendor's rate limit is used up: come back later.
    #[error("the vendor's rate limit is used up until {until}")]
    Limited {
        /// When to come back.
        until: Timestamp,
    },
    /// The vendor refuses the request, such as for a page or a token that it does not know.
    #[error("{0}")]
    Refused(Refusal),
    /// The vendor refuses the credential.
    #[error("{0}: check the credential and what it is allowed to read")]
    Unauthorized(Refusal),
    /// The vendor forbids what a token that it gave asks for. Some say so of one that has ended.
    #[error(
        "{0}: check the credential and what it is allowed to read; where the vendor answers so when a \
         token or session has ended, write `errors: [{{ when: {{ status: 403 }}, do: reauthenticate }}]`"
    )]
    Forbidden(Refusal),
    /// The vendor fails at every try.
    #[error("{refusal}, {tries} times")]
    Failing {
        /// The last response.
        refusal: Refusal,
        /// How often the vendor was asked.
        tries: usize,
    },
    /// The page cannot be read; its bytes are kept.
    #[error("the page cannot be understood; `mef blobs show {blob}` shows its bytes")]
    Page {
        /// The key of the blob.
        blob: String,
        /// What is wrong with it.
        #[source]
        error: Box<PageError>,
    },
    /// A rule of the source file gives up on the response.
    #[error(transparent)]
    Ruled(#[from] RuledOut),
    /// A rule of the source file asks for the window to be read again.
    #[error("{ruled}; the window is read again")]
    Reread {
        /// Whether to read only half of it.
        half: bool,
        /// The rule.
        ruled: RuledOut,
    },
    /// What `wait` waits for is not ready: come back later.
    #[error("the vendor is not ready before {until}")]
    NotReady {
        /// When to ask again.
        until: Timestamp,
    },
    /// What `wait` waits for will never be ready.
    #[error("the job at the vendor {0}; the next run starts a new one")]
    GivenUp(&'static str),
    /// The response to a step of `setup` lacks a value that later requests need.
    #[error(
        "the response to step {step} of `setup` has no text or number of at most 16 KiB at `{path}`"
    )]
    NoValue {
        /// The step's number, from 1.
        step: usize,
        /// The path in the source file.
        path: String,
    },
    /// A part of a job is gone, and so is the job.
    #[error("part of the job at the vendor is gone; the next run starts a new one: {0}")]
    JobGone(Refusal),
    /// The vendor refuses the details of an item.
    #[error("cannot get the details of an item: {0}")]
    Detail(Refusal),
    /// A page lists more items than can be told apart.
    #[error(
        "the page lists {0} items, and at most {limit} can be told apart: ask for smaller pages",
        limit = MOST_IDS
    )]
    TooManyItems(usize),
    /// The pages of details go round in a loop, or on without an end.
    #[error("the vendor's pages have no end: {0}")]
    Loop(&'static str),
    /// Every item of a page is gone.
    #[error(
        "all {0} listed items are gone: is the URL under `details` right, and may the credential \
         read them?"
    )]
    AllGone(usize),
    /// The run's time ended in the middle of a page.
    #[error("the run's time ended before its page did")]
    OutOfTime,
    /// A redirect may not be followed.
    #[error("the vendor redirects {0}")]
    Redirect(&'static str),
    /// A secret would go to an origin that gets no credential.
    #[error(
        "what is asked of `{host}` has a secret in its URL, and that origin gets none: list it under \
         `own_origins` if the credential is for it too; what is no secret belongs under `vars`"
    )]
    SecretElsewhere {
        /// The host.
        host: String,
    },
    /// The request got no response.
    #[error("no response from the vendor")]
    Http(#[source] HttpError),
    /// The source file's templates make no valid request.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The credential cannot be had.
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
    /// Returns whether the vendor may have given a page that did not arrive.
    pub(crate) fn may_have_moved(&self) -> bool {
        match self {
            FetchError::Http(_) | FetchError::Page { .. } => true,
            FetchError::Failing { refusal, .. } => {
                matches!(refusal.status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT)
            }
            _ => false,
        }
    }

    /// Returns whether what `setup` brought is still good after this error: then a later run goes
    /// on with it and starts no other job.
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
            | FetchError::Forbidden(_)
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
