//! The one error of every store behind a port.

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
