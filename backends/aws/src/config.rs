//! How AWS is spoken to: the time limits and the retries of every request.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::SharedCredentialsProvider;

/// How often a request is tried at most, the first time among them.
const ATTEMPTS: u32 = 3;

/// How long to wait for AWS. All of them must stay under the time that the
/// function itself has: a Lambda that is ended while it waits answers nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimits {
    /// For a connection.
    pub connect: Duration,
    /// For one try of a request.
    pub attempt: Duration,
    /// For a request with all its tries and the waits between them.
    pub operation: Duration,
}

impl Default for TimeLimits {
    /// Two seconds, three and ten.
    fn default() -> TimeLimits {
        TimeLimits {
            connect: Duration::from_secs(2),
            attempt: Duration::from_secs(3),
            operation: Duration::from_secs(10),
        }
    }
}

/// Region, credentials and endpoint from where every AWS tool looks for them,
/// with these time limits and three tries. `AWS_ENDPOINT_URL` is obeyed, so that
/// an emulator can stand in.
///
/// The behaviour is that of a fixed date: an update of the SDK changes no
/// default by itself.
pub async fn load_config(limits: TimeLimits) -> SdkConfig {
    aws_config::defaults(behavior())
        .timeout_config(timeouts(limits))
        .retry_config(retries())
        .load()
        .await
}

/// What a Lambda function is given: its region, its credentials in the
/// environment, and an endpoint where an emulator stands in for AWS.
///
/// A function never looks for profiles, nor asks the metadata service of a
/// machine, so the binary need not have what does: less to load at a cold
/// start, and no path on which a credential of another origin comes in.
pub fn function_config(region: &str, endpoint: Option<&str>, limits: TimeLimits) -> SdkConfig {
    let mut config = SdkConfig::builder()
        .behavior_version(behavior())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .timeout_config(timeouts(limits))
        .retry_config(retries());
    config.set_endpoint_url(endpoint.map(str::to_owned));
    config.build()
}

fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

fn timeouts(limits: TimeLimits) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(limits.connect)
        .operation_attempt_timeout(limits.attempt)
        .operation_timeout(limits.operation)
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}
