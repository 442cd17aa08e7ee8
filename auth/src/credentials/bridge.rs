//! Lets the `oauth2` crate send through our [`Http`] port.
//!
//! It also sorts answers out before the crate sees them, since it knows only
//! two kinds: failures that may pass, redirects, and refusals without the error
//! that RFC 6749 §5.2 asks for.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use mef_ports::{Http, HttpError, HttpRequest, HttpResponse};
use oauth2::AsyncHttpClient;
use oauth2::basic::BasicErrorResponse;
use url::Url;

/// The most of an answer that is read; a token with its claims takes a few KiB.
const MAX_ANSWER: usize = 64 * 1024;
const TIMEOUT: Duration = Duration::from_secs(20);

/// Sends the requests of the `oauth2` crate.
pub(super) struct Bridge<'h>(pub(super) &'h dyn Http);

/// Why there is no answer for the `oauth2` crate to read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BridgeError {
    #[error("no answer")]
    Http(#[source] HttpError),
    #[error("the answer is a redirect")]
    Redirect(StatusCode),
    #[error("too many requests, or a failure")]
    Failing { status: StatusCode, headers: HeaderMap },
    #[error("a refusal without a reason")]
    Unexplained(StatusCode),
    #[error("the request cannot be sent")]
    Unusable,
}

impl BridgeError {
    /// Whether the same request may succeed later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            BridgeError::Http(error) => {
                matches!(error, HttpError::Transport(_) | HttpError::Encoding(_))
            }
            BridgeError::Failing { .. } => true,
            BridgeError::Redirect(_) | BridgeError::Unexplained(_) | BridgeError::Unusable => false,
        }
    }

    /// How long the endpoint wants to be left alone: `Retry-After` in seconds
    /// or as a date (RFC 9110 §10.2.3).
    pub(super) fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let BridgeError::Failing { headers, .. } = self else { return None };
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
    }
}

impl<'c> AsyncHttpClient<'c> for Bridge<'_> {
    type Error = BridgeError;
    type Future =
        Pin<Box<dyn Future<Output = Result<oauth2::HttpResponse, BridgeError>> + Send + 'c>>;

    fn call(&'c self, request: oauth2::HttpRequest) -> Self::Future {
        Box::pin(async move {
            let request = outgoing(request).ok_or(BridgeError::Unusable)?;
            incoming(self.0.send(request).await.map_err(BridgeError::Http)?)
        })
    }
}

fn outgoing(request: oauth2::HttpRequest) -> Option<HttpRequest> {
    let (parts, body) = request.into_parts();
    let mut headers = parts.headers;
    if let Some(value) = headers.get_mut(AUTHORIZATION) {
        value.set_sensitive(true);
    }
    Some(HttpRequest {
        method: parts.method,
        url: Url::parse(&parts.uri.to_string()).ok()?,
        headers,
        body: Some(Bytes::from(body)),
        max_body: MAX_ANSWER,
        timeout: TIMEOUT,
    })
}

fn incoming(response: HttpResponse) -> Result<oauth2::HttpResponse, BridgeError> {
    let HttpResponse { status, headers, body } = response;
    if status.is_redirection() {
        return Err(BridgeError::Redirect(status));
    }
    if status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
    {
        return Err(BridgeError::Failing { status, headers });
    }
    // The content type is left out: some endpoints send JSON under another, and
    // what is no JSON shows itself.
    let mut answer = oauth2::HttpResponse::new(body.to_vec());
    if !status.is_success() {
        if serde_json::from_slice::<BasicErrorResponse>(&body).is_err() {
            return Err(BridgeError::Unexplained(status));
        }
        *answer.status_mut() = StatusCode::BAD_REQUEST;
    }
    Ok(answer)
}
