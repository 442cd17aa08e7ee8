//! One service of AWS, as a function from requests to answers.

use std::net::TcpListener;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use jiff::Timestamp;
use mef_aws::{Aws, Settings, WakeTarget};
use mef_ports::Clock;
use serde_json::Value;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// Stands at a moment until it is set; a sleep moves it.
pub(crate) struct SetClock(AtomicI64);

impl SetClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

#[async_trait]
impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.fetch_add(i64::try_from(duration.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

/// A service, and the backend that finds nothing else.
pub(crate) struct StandIn {
    pub(crate) aws: Aws,
    pub(crate) clock: Arc<SetClock>,
    requests: Arc<Mutex<Vec<Value>>>,
    server: Option<MockServer>,
}

impl StandIn {
    /// Answers each request by `answer`, which gets its JSON; of a request to S3 that
    /// has none, the path.
    pub(crate) async fn new(
        answer: impl Fn(&Value) -> ResponseTemplate + Send + Sync + 'static,
    ) -> StandIn {
        // A server of its own, so that it is gone when it is dropped.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = MockServer::builder().listener(listener).start().await;
        let requests: Arc<Mutex<Vec<Value>>> = Arc::default();
        let seen = Arc::clone(&requests);
        Mock::given(any())
            .respond_with(move |request: &Request| {
                let path = || Value::from(request.url.path());
                let request = serde_json::from_slice(&request.body).unwrap_or_else(|_| path());
                let answer = answer(&request);
                seen.lock().unwrap().push(request);
                answer
            })
            .mount(&server)
            .await;
        let clock = Arc::new(SetClock(AtomicI64::new(1_795_514_400_000)));
        let settings = Settings {
            project: "p".to_owned(),
            service: "s".to_owned(),
            stage: "dev".to_owned(),
            queue_url: format!("{}/000000000000/events", server.uri()),
            rejected_queue_url: format!("{}/000000000000/rejected", server.uri()),
            table: "table".to_owned(),
            bucket: "bucket".to_owned(),
            wake: Some(WakeTarget {
                poller_arn: "arn:aws:lambda:us-east-1:000000000000:function:poller".to_owned(),
                role_arn: "arn:aws:iam::000000000000:role/wake".to_owned(),
                schedule_group: "group".to_owned(),
            }),
            ..Settings::default()
        };
        let aws = Aws::new(config(&server.uri()), settings, clock.clone());
        StandIn { aws, clock, requests, server: Some(server) }
    }

    /// Finds the stack of `project`, `service` and `stage` as a person's command does.
    pub(crate) async fn stack(&self) -> Settings {
        let config = config(&self.server.as_ref().unwrap().uri());
        Settings::of_stack(&config, "p", "s", "dev").await.unwrap().unwrap()
    }

    /// The backend for other names.
    pub(crate) fn with(&self, settings: Settings) -> Aws {
        let config = config(&self.server.as_ref().unwrap().uri());
        Aws::new(config, settings, self.clock.clone())
    }

    /// Every request so far.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }

    /// Ends the service: nothing answers at its address any more.
    pub(crate) fn go_away(&mut self) {
        self.server = None;
    }
}

/// One try, so that a test sees each request.
fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(30)).build())
        .build()
}

/// A JSON answer.
pub(crate) fn answer(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body.to_string(), "application/x-amz-json-1.0")
}

/// An error as AWS gives it.
pub(crate) fn error(status: u16, code: &str) -> ResponseTemplate {
    answer(status, &serde_json::json!({ "__type": code, "message": "because" }))
}
