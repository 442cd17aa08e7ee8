//! Why a request could not be given its credential.

use http::StatusCode;
use jiff::Timestamp;
use mef_ports::{HttpError, SecretsError, StoreError};

use crate::unique_id::NoRandomNumbers;

/// Why a request could not be given its credential.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// A secret could not be had.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// A template of `poll.auth` gives nothing that can be sent.
    #[error("{field} in `poll.auth` {reason}")]
    Template {
        /// Which field.
        field: String,
        /// What is wrong with it, without its value.
        reason: String,
    },
    /// The token endpoint gave no token.
    #[error("no access token")]
    TokenEndpoint(#[source] TokenEndpointError),
    /// The token endpoint wants to be left alone for a while.
    #[error("the token endpoint's rate limit is used up until {until}")]
    Limited {
        /// When it may be asked again.
        until: Timestamp,
    },
    /// The store of access tokens failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vendor gave a new refresh token, and it could not be stored: the old
    /// one may be worth nothing from now on.
    #[error(
        "the vendor gave a new refresh token in place of the secret `{secret}`, and it could not be stored: \
         if the next run is refused, authorise again at the vendor and set the secret"
    )]
    Rotation {
        /// The secret's name.
        secret: String,
        /// Why not.
        #[source]
        error: StoreError,
    },
    /// There is no randomness to be had.
    #[error(transparent)]
    Random(#[from] NoRandomNumbers),
    /// The token endpoint did not answer.
    #[error("no answer from the token endpoint")]
    Http(#[source] HttpError),
}

/// Why a token endpoint gave no token. No variant holds what it answered,
/// besides the error that RFC 6749 §5.2 defines, masked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenEndpointError {
    /// It refused, and said why (RFC 6749 §5.2).
    #[error(
        "the token endpoint answered `{error}`{}: {hint}",
        description.as_ref().map(|text| format!(" ({text})")).unwrap_or_default()
    )]
    Refused {
        /// Its error code.
        error: String,
        /// Its words, credentials masked and cut to a line.
        description: Option<String>,
        /// What to do.
        hint: String,
    },
    /// It failed, again and again.
    #[error("the token endpoint answered {status}, {tries} times")]
    Failing {
        /// The last answer's status.
        status: StatusCode,
        /// How often it was asked.
        tries: u64,
    },
    /// It redirects; a credential does not follow.
    #[error(
        "the token endpoint answered {status}, a redirect: write its final address in `poll.auth`"
    )]
    Redirect {
        /// The answer's status.
        status: StatusCode,
    },
    /// It refused without an error that can be read.
    #[error("{asked} answered {status}: check its URL and the credentials")]
    Status {
        /// What was asked: `the token endpoint` or `the login`, and its URL without the query.
        asked: String,
        /// The answer's status.
        status: StatusCode,
    },
    /// It answered with something that is no token.
    #[error(
        "the token endpoint's answer has no usable value at `{place}`: check its URL, and where `poll.auth` looks for it"
    )]
    Unreadable {
        /// Where in the answer.
        place: String,
    },
    /// A token that cannot be sent as a bearer token.
    #[error("the token endpoint gave a token that is no bearer token (RFC 6750)")]
    NotBearer,
    /// A base URL that the file does not allow.
    #[error("the login leads to {origin}: list it under `allow_origins` if that is right")]
    BaseUrl {
        /// The origin.
        origin: String,
    },
}
