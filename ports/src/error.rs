//! The one error of every store behind a port, and how errors are told.

use std::error::Error;

/// A store could not be read or written.
///
/// Callers cannot act on the causes separately: a webhook is answered 503, a
/// poll ends without moving its cursor. So the error says which operation
/// failed and carries the backend's own error as its source.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed")]
pub struct StoreError {
    operation: &'static str,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl StoreError {
    /// Names the `operation` that failed, such as `send to the queue`, and why.
    pub fn new(
        operation: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> StoreError {
        StoreError { operation, source: source.into() }
    }
}

/// An error and its causes in one line, as logs and stored summaries have it.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
