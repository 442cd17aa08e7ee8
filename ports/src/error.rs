//! The one error of all stores, and how errors are written in one line.

use std::error::Error;

/// A store could not be read or written.
///
/// Callers do the same whatever the cause: a webhook is answered 503, a poll
/// ends without moving its cursor. So the error only names the operation that
/// failed; its source is the backend's own error.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed")]
pub struct StoreError {
    operation: &'static str,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl StoreError {
    /// Makes the error of an `operation`, such as `send to the queue`, that failed
    /// because of `source`.
    pub fn new(
        operation: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> StoreError {
        StoreError { operation, source: source.into() }
    }
}

/// Writes an error and its causes in one line, for logs and stored summaries.
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
