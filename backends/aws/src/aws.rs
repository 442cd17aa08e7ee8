//! What every port on AWS shares: the configuration, and the clients, each made
//! when it is first used.

use std::sync::{Arc, OnceLock};

use aws_config::SdkConfig;
use mef_ports::Clock;

use crate::blobs::S3Blobs;
use crate::captures::S3Captures;
use crate::parameters::ParameterStore;
use crate::queue::SqsQueue;
use crate::rejected::RejectedQueue;
use crate::table::Table;
use crate::wakeups::ScheduledWakeups;

/// The names of what the application's stack has made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The project, which begins the name of everything.
    pub project: String,
    /// The service within the project.
    pub service: String,
    /// The stage: `dev`, `prod`.
    pub stage: String,
    /// The URL of the queue that the SIEM reads.
    pub queue_url: String,
    /// The URL of the queue for what the SIEM's reader failed.
    pub dlq_url: Option<String>,
    /// The URL of the queue for what the pipeline refused.
    pub rejected_queue_url: String,
    /// The name of the table.
    pub table: String,
    /// The name of the bucket.
    pub bucket: String,
    /// What a wake-up wakes; without it none can be left.
    pub wake: Option<WakeTarget>,
}

impl Settings {
    /// What begins the name of everything that the application makes.
    pub(crate) fn prefix(&self) -> String {
        format!("{}-{}-{}", self.project, self.service, self.stage)
    }
}

/// What a wake-up wakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WakeTarget {
    /// The ARN of the poller's function.
    pub poller_arn: String,
    /// The ARN of the role with which the scheduler calls it.
    pub role_arn: String,
    /// The name of the group that the schedules are made in.
    pub schedule_group: String,
}

/// Every port on AWS, as one application's stack has made it. A clone is cheap
/// and shares the connections.
#[derive(Clone)]
pub struct Aws {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    config: SdkConfig,
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Clock>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    ssm: OnceLock<aws_sdk_ssm::Client>,
    s3: OnceLock<aws_sdk_s3::Client>,
    scheduler: OnceLock<aws_sdk_scheduler::Client>,
}

impl Aws {
    /// Takes what [`load_config`](crate::load_config) or
    /// [`function_config`](crate::function_config) gives. Makes no client and
    /// sends nothing.
    pub fn new(config: SdkConfig, settings: Settings, clock: Arc<dyn Clock>) -> Aws {
        Aws {
            shared: Arc::new(Shared {
                config,
                settings,
                clock,
                sqs: OnceLock::new(),
                dynamodb: OnceLock::new(),
                ssm: OnceLock::new(),
                s3: OnceLock::new(),
                scheduler: OnceLock::new(),
            }),
        }
    }

    /// The names that it was built with.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The queue that the SIEM reads.
    pub fn queue(&self) -> SqsQueue {
        SqsQueue::new(self.shared.clone(), self.shared.settings.queue_url.clone())
    }

    /// The queue for what the SIEM's reader failed, where there is one.
    pub fn dlq(&self) -> Option<SqsQueue> {
        let url = self.shared.settings.dlq_url.clone()?;
        Some(SqsQueue::new(self.shared.clone(), url))
    }

    /// The dead letters: what the pipeline refused.
    pub fn rejected(&self) -> RejectedQueue {
        RejectedQueue::new(self.shared.clone())
    }

    /// The cursors, delivery marks, access tokens and limits.
    pub fn table(&self) -> Table {
        Table::new(self.shared.clone())
    }

    /// The secrets. It keeps what it reads, so a process needs one, not many.
    pub fn secrets(&self) -> ParameterStore {
        ParameterStore::new(self.shared.clone())
    }

    /// The bucket, for bytes under a key.
    pub fn blobs(&self) -> S3Blobs {
        S3Blobs::new(self.shared.clone())
    }

    /// The refused requests that are kept for a while.
    pub fn captures(&self) -> S3Captures {
        S3Captures::new(self.shared.clone())
    }

    /// The wake-ups, where the settings say what to wake.
    pub fn wakeups(&self) -> Option<ScheduledWakeups> {
        let target = self.shared.settings.wake.clone()?;
        Some(ScheduledWakeups::new(self.shared.clone(), target))
    }
}

impl Shared {
    pub(crate) fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.sqs.get_or_init(|| aws_sdk_sqs::Client::new(&self.config))
    }

    pub(crate) fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        self.dynamodb.get_or_init(|| aws_sdk_dynamodb::Client::new(&self.config))
    }

    pub(crate) fn ssm(&self) -> &aws_sdk_ssm::Client {
        self.ssm.get_or_init(|| aws_sdk_ssm::Client::new(&self.config))
    }

    pub(crate) fn s3(&self) -> &aws_sdk_s3::Client {
        self.s3.get_or_init(|| {
            let config = aws_sdk_s3::config::Builder::from(&self.config)
                // An emulator has no host name for each bucket.
                .force_path_style(self.config.endpoint_url().is_some())
                .build();
            aws_sdk_s3::Client::from_conf(config)
        })
    }

    pub(crate) fn scheduler(&self) -> &aws_sdk_scheduler::Client {
        self.scheduler.get_or_init(|| aws_sdk_scheduler::Client::new(&self.config))
    }
}
