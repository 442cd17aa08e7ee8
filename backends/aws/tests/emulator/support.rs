//! What each test against the emulator starts with: an application's resources
//! of its own, and a clock that it sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use jiff::Timestamp;
use mef_aws::{Aws, Settings, TimeLimits, WakeTarget, load_config};
use mef_ports::Clock;

/// Stands at a moment until it is set; a sleep moves it.
pub(crate) struct SetClock(AtomicI64);

impl SetClock {
    pub(crate) fn advance(&self, duration: Duration) {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap();
        self.0.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

#[async_trait]
impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
        tokio::task::yield_now().await;
    }
}

/// One application on the emulator.
pub(crate) struct World {
    pub(crate) config: SdkConfig,
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) aws: Aws,
}

impl World {
    pub(crate) async fn new() -> World {
        let endpoint = endpoint();
        let config = load_config(TimeLimits {
            // The emulator has to answer all tests at once.
            attempt: Duration::from_secs(30),
            operation: Duration::from_secs(60),
            ..TimeLimits::default()
        })
        .await
        .into_builder()
        .endpoint_url(endpoint)
        .build();
        let settings = make(&config).await;
        let clock = Arc::new(SetClock(AtomicI64::new(1_795_514_400_000)));
        let aws = Aws::new(config.clone(), settings.clone(), clock.clone());
        World { config, settings, clock, aws }
    }

    /// The same application, seen from another process.
    pub(crate) fn another(&self) -> Aws {
        Aws::new(self.config.clone(), self.settings.clone(), self.clock.clone())
    }
}

/// Never AWS itself.
#[expect(clippy::disallowed_methods, reason = "tests/aws/emulator.py names the endpoint there")]
fn endpoint() -> String {
    let endpoint = std::env::var("MEF_AWS_ENDPOINT")
        .expect("run these tests by tests/aws/emulator.py, which sets MEF_AWS_ENDPOINT");
    assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint} is not on this machine");
    endpoint
}

async fn make(config: &SdkConfig) -> Settings {
    let name = format!("t{:016x}", fastrand::u64(..));
    let sqs = aws_sdk_sqs::Client::new(config);
    let queue = async |kind: &str| {
        let made = sqs.create_queue().queue_name(format!("{name}-{kind}")).send().await.unwrap();
        made.queue_url.unwrap()
    };
    let dynamodb = aws_sdk_dynamodb::Client::new(config);
    let mut table =
        dynamodb.create_table().table_name(&name).billing_mode(BillingMode::PayPerRequest);
    for (key, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let schema = KeySchemaElement::builder().attribute_name(key).key_type(kind).build();
        let attribute = AttributeDefinition::builder()
            .attribute_name(key)
            .attribute_type(ScalarAttributeType::S)
            .build();
        table = table.key_schema(schema.unwrap()).attribute_definitions(attribute.unwrap());
    }
    table.send().await.unwrap();
    let s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(s3).create_bucket().bucket(&name).send().await.unwrap();
    let scheduler = aws_sdk_scheduler::Client::new(config);
    scheduler.create_schedule_group().name(&name).send().await.unwrap();
    Settings {
        project: name.clone(),
        service: "mef".to_owned(),
        stage: "test".to_owned(),
        queue_url: queue("events").await,
        dlq_url: Some(queue("events-DLQ").await),
        rejected_queue_url: queue("rejected").await,
        table: name.clone(),
        bucket: name.clone(),
        wake: Some(WakeTarget {
            poller_arn: "arn:aws:lambda:us-east-1:000000000000:function:poller".to_owned(),
            role_arn: "arn:aws:iam::000000000000:role/wake".to_owned(),
            schedule_group: name,
        }),
        secrets_key: None,
    }
}
