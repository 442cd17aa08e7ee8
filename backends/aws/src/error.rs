//! An error of AWS in one line, without what was sent or received.
//!
//! The SDK's errors can print whole responses, which hold events and secrets. So only
//! the code, the message, the status and the request id of a response are kept. If
//! there was no response, the reason is kept.

use std::error::Error;

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::RequestId as _;
use mef_ports::StoreError;

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(crate) struct AwsError {
    text: String,
    /// Whether the service is out of reach or overloaded, and did not refuse the
    /// request itself.
    pub(crate) away: bool,
    /// Whether the condition of a write did not hold.
    pub(crate) refused: bool,
}

impl AwsError {
    pub(crate) fn new(text: impl Into<String>) -> AwsError {
        AwsError { text: text.into(), away: false, refused: false }
    }

    pub(crate) fn away(text: impl Into<String>) -> AwsError {
        AwsError { away: true, ..AwsError::new(text) }
    }

    /// Masks `secret` in the message: AWS may have repeated it there.
    pub(crate) fn without(self, secret: &str) -> AwsError {
        if secret.is_empty() {
            return self;
        }
        AwsError { text: self.text.replace(secret, "***"), ..self }
    }

    /// Adds the operation during which it happened.
    pub(crate) fn during(self, operation: &'static str) -> StoreError {
        StoreError::new(operation, self)
    }
}

impl<E> From<SdkError<E, HttpResponse>> for AwsError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> AwsError {
        match &error {
            SdkError::ServiceError(response) => {
                let status = response.raw().status().as_u16();
                let code = response.err().code();
                let message = response.err().message();
                let mut text = match (code, message) {
                    (Some(code), Some(message)) => format!("{code}: {message}"),
                    (Some(text), None) | (None, Some(text)) => text.to_owned(),
                    (None, None) => "no reason given".to_owned(),
                };
                text.push_str(&format!(" (status {status}"));
                if let Some(id) = response.raw().request_id() {
                    text.push_str(&format!(", request {id}"));
                }
                text.push(')');
                AwsError {
                    text,
                    away: status >= 500 || code.is_some_and(is_throttle),
                    refused: code == Some("ConditionalCheckFailedException"),
                }
            }
            SdkError::ResponseError(response) => {
                let status = response.raw().status().as_u16();
                AwsError::away(format!("the response (status {status}) cannot be read"))
            }
            SdkError::TimeoutError(_) => AwsError::away("no response in time"),
            SdkError::DispatchFailure(_) => AwsError::away(causes(&error)),
            // No credentials, or a request that could not be built.
            _ => AwsError::new(causes(&error)),
        }
    }
}

/// Checks for the codes of throttling, which come with any status.
pub(crate) fn is_throttle(code: &str) -> bool {
    code.contains("Throttl")
        || matches!(
            code,
            "LimitExceededException"
                | "ProvisionedThroughputExceededException"
                | "RequestLimitExceeded"
                | "SlowDown"
                | "TooManyRequestsException"
                | "TransactionInProgressException"
        )
}

/// Joins an error and its causes, each once.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Cause(&'static str, #[source] Option<Box<Cause>>);

    #[test]
    fn causes_are_joined_without_repeats() {
        let inner = Cause("connection refused", None);
        let same = Cause("connection refused", Some(Box::new(inner)));
        let outer = Cause("dispatch failure", Some(Box::new(same)));
        assert_eq!(causes(&outer), "dispatch failure: connection refused");
    }

    #[test]
    fn a_secret_in_a_message_is_taken_out() {
        let error = AwsError::new("value 's3cr3t' is too long").without("s3cr3t");
        assert_eq!(error.to_string(), "value '***' is too long");
        assert_eq!(AwsError::new("x").without(""), AwsError::new("x"));
    }

    #[test]
    fn throttles_are_told_from_refusals() {
        assert!(is_throttle("ThrottlingException") && is_throttle("RequestThrottled"));
        assert!(!is_throttle("AccessDeniedException"));
    }
}
