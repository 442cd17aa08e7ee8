//! How AWS is spoken to.

use std::time::Duration;

use mef_aws::{TimeLimits, load_config};

#[tokio::test]
async fn the_limits_that_were_asked_for_hold() {
    let limits = TimeLimits { operation: Duration::from_secs(7), ..TimeLimits::default() };
    let config = load_config(limits).await;
    let timeouts = config.timeout_config().unwrap();
    assert_eq!(timeouts.connect_timeout(), Some(Duration::from_secs(2)));
    assert_eq!(timeouts.operation_attempt_timeout(), Some(Duration::from_secs(3)));
    assert_eq!(timeouts.operation_timeout(), Some(Duration::from_secs(7)));
    assert_eq!(config.retry_config().unwrap().max_attempts(), 3);
    let endpoint = config.endpoint_url().unwrap();
    assert!(
        endpoint.starts_with("http://127.0.0.1:"),
        "AWS_ENDPOINT_URL is not obeyed: {endpoint}"
    );
}
