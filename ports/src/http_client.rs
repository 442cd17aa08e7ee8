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
    /// Where to, with the query.
    pub url: Url,
    /// The headers; credentials are marked as sensitive.
    pub headers: HeaderMap,
    /// The body, if the method has one.
    pub body: Option<Bytes>,
    /// How many bytes of answer to read at most, on the wire and decompressed.
    pub max_body: usize,
    /// How long to wait for the whole answer.
    pub timeout: Duration,
}

impl HttpRequest {
    /// Leaves of it what any origin may see: its URL, which is got. Headers and a
    /// body may hold credentials.
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

/// A vendor's answer, read whole.
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

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address is one that this request must not reach.
    #[error("refused to connect to {host}: {reason}")]
    Forbidden {
        /// The host in the URL.
        host: String,
        /// Which rule stands against it.
        reason: String,
    },
    /// The answer is larger than the request allows.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// The answer's compression is broken.
    #[error("the answer cannot be decompressed")]
    Encoding(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No connection, a connection cut off, or a time-out: worth another try.
    #[error("the vendor cannot be reached")]
    Transport(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Sends requests; follows no redirect and retries nothing by itself.
#[async_trait]
pub trait Http: Send + Sync {
    /// Sends `request` and reads the whole answer, whatever its status.
    ///
    /// # Errors
    ///
    /// When there is no whole answer within the request's bounds.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}
