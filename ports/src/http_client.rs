//! Requests to vendors.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

/// A request to a vendor.
///
/// `Debug` leaves out the headers, the body and the query, which may hold
/// credentials.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The URL, with its query.
    pub url: Url,
    /// The headers; credentials are marked as sensitive.
    pub headers: HeaderMap,
    /// The body, if the method has one.
    pub body: Option<Bytes>,
    /// The largest body of a response, in bytes, both compressed and decompressed.
    pub max_body: usize,
    /// How long to wait for the whole response.
    pub timeout: Duration,
}

impl HttpRequest {
    /// Makes it a GET request of the same URL without headers or body, which may
    /// hold credentials. Any origin may get what is left.
    pub fn strip(&mut self) {
        self.method = Method::GET;
        self.headers.clear();
        self.body = None;
    }
}

impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}{}", self.method, self.url.origin().ascii_serialization(), self.url.path())
    }
}

/// A vendor's response, read to its end.
#[derive(Clone)]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
}

impl std::fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} with {} bytes", self.status, self.body.len())
    }
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The request must not be sent to this address.
    #[error("refused to connect to {host}: {reason}")]
    Forbidden {
        /// The host in the URL.
        host: String,
        /// The rule that forbids it.
        reason: String,
    },
    /// The response is larger than the request allows.
    #[error("the response is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The response cannot be decompressed.
    #[error("the response cannot be decompressed")]
    Encoding(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There was no connection, it was cut off, or it timed out. Another attempt
    /// may succeed.
    #[error("the vendor cannot be reached")]
    Transport(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Sends requests. Follows no redirect, and retries nothing by itself.
#[async_trait]
pub trait Http: Send + Sync {
    /// Sends `request` and reads the whole response, whatever its status.
    ///
    /// # Errors
    ///
    /// Fails if there is no complete response within the request's limits.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}
