//! What every port on AWS shares: the settings, the clock, and the clients, each
//! made when it is first used.

use std::sync::{Arc, OnceLock};

use aws_config::SdkConfig;
use mef_ports::Clock;

use crate::settings::Settings;

/// The settings, the clock and the clients of one [`Aws`](crate::Aws).
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

impl Shared {
    pub(crate) fn new(config: SdkConfig, settings: Settings, clock: Arc<dyn Clock>) -> Shared {
        Shared {
            config,
            settings,
            clock,
            sqs: OnceLock::new(),
            dynamodb: OnceLock::new(),
            ssm: OnceLock::new(),
            s3: OnceLock::new(),
            scheduler: OnceLock::new(),
        }
    }

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
