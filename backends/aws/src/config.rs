//! The configuration of the SDK: time limits, retries, and where credentials come from.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::SharedCredentialsProvider;

/// How often a request is tried at most, including the first time.
const ATTEMPTS: u32 = 3;

/// How long to wait for AWS. Each limit must be shorter than the function's own: a
/// Lambda that is ended while it waits returns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimits {
    /// The limit of a connection.
    pub connect: Duration,
    /// The limit of one attempt of a request.
    pub attempt: Duration,
    /// The limit of a request with all its attempts and the waits between them.
    pub operation: Duration,
}

impl Default for TimeLimits {
    /// Two, three and ten seconds.
    fn default() -> TimeLimits {
        TimeLimits {
            connect: Duration::from_secs(2),
            attempt: Duration::from_secs(3),
            operation: Duration::from_secs(10),
        }
    }
}

/// Loads region, credentials and endpoint from where every AWS tool looks for them, with
/// these time limits and three attempts. `AWS_ENDPOINT_URL` is obeyed, so that an
/// emulator can stand in.
///
/// The SDK's defaults are those of a fixed date: an update changes none of them.
pub async fn load_config(limits: TimeLimits) -> SdkConfig {
    aws_config::defaults(behavior())
        .timeout_config(timeouts(limits))
        .retry_config(retries())
        .load()
        .await
}

/// Makes the configuration of a Lambda function: its region, its credentials from the
/// environment, and an endpoint if an emulator stands in for AWS.
///
/// A function looks for no profiles and asks no metadata service, so the code for that
/// is not in the binary: there is less to load at a cold start, and credentials come
/// from nowhere else.
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
