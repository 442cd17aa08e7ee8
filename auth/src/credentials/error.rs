//! Why a request could not be given its credential.

use crate::unique_id::NoRandomNumbers;
use http::StatusCode;
use jiff::Timestamp;
use mef_ports::{HttpError, SecretsError, StoreError};

/// Why a request could not be given its credential.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// A secret could not be read.
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
    /// The token endpoint limits requests for now.
    #[error("the token endpoint's rate limit is used up until {until}")]
    Limited {
        /// When it may be asked again.
        until: Timestamp,
    },
    /// The store of access tokens failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vendor gave a new refresh token, and it could not be stored. The old one
    /// may no longer work.
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
    /// The system gives no random numbers.
    #[error(transparent)]
    Random(#[from] NoRandomNumbers),
    /// The token endpoint did not answer.
    #[error("no answer from the token endpoint")]
    Http(#[source] HttpError),
}

/// Why a token endpoint gave no token. No variant holds anything of the response,
/// except the error that RFC 6749 §5.2 defines, masked.
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
        /// Its description, in one line, with credentials masked.
        description: Option<String>,
        /// What to do.
        hint: String,
    },
    /// It failed at every try.
    #[error("the token endpoint answered {status}, {tries} times")]
    Failing {
        /// The status of the last response.
        status: StatusCode,
        /// How often it was asked.
        tries: u64,
    },
    /// It redirects, and a credential is not sent to another address.
    #[error(
        "the token endpoint answered {status}, a redirect: write its final address in `poll.auth`"
    )]
    Redirect {
        /// The status of the response.
        status: StatusCode,
    },
    /// It refused, without an error that can be read.
    #[error("{asked} answered {status}: check its URL and the credentials{encoded}")]
    Status {
        /// What was asked: `the token endpoint` or `the login`, and its URL without the query.
        asked: String,
        /// The status of the response.
        status: StatusCode,
        /// What to know of how the credentials were sent, or nothing.
        encoded: &'static str,
    },
    /// Its response holds no token.
    #[error(
        "the token endpoint's response has no usable value at `{path}`: check its URL, and where `poll.auth` looks for it"
    )]
    Unreadable {
        /// Where in the response.
        path: String,
    },
    /// Where the seconds of the token's life should be is a moment.
    #[error(
        "the token endpoint's response has a moment at `{path}`, and not seconds: write `{right}`"
    )]
    Moment {
        /// Where in the response.
        path: String,
        /// What to write in the source file.
        right: String,
    },
    /// Its token cannot be sent as a bearer token.
    #[error("the token endpoint gave a token that is no bearer token (RFC 6750)")]
    NotBearer,
    /// Its base URL is one that the file does not allow.
    #[error("the login leads to {origin}: list it under `allow_origins` if that is right")]
    BaseUrl {
        /// The origin.
        origin: String,
    },
}
