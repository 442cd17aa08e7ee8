//! Every port on AWS, by name.

use std::sync::Arc;

use aws_config::SdkConfig;
use mef_ports::Clock;

use crate::bucket::blobs::S3Blobs;
use crate::bucket::captures::S3Captures;
use crate::clients::Shared;
use crate::parameters::store::ParameterStore;
use crate::queue::sqs_queue::SqsQueue;
use crate::rejected::queue::RejectedQueue;
use crate::settings::Settings;
use crate::table::items::Table;
use crate::wakeups::ScheduledWakeups;

/// Every port on AWS, as one application's stack has made it. A clone is cheap
/// and shares the connections.
#[derive(Clone)]
pub struct Aws {
    shared: Arc<Shared>,
}

impl Aws {
    /// Takes what [`load_config`](crate::load_config) or
    /// [`function_config`](crate::function_config) gives. Makes no client and
    /// sends nothing.
    pub fn new(config: SdkConfig, settings: Settings, clock: Arc<dyn Clock>) -> Aws {
        Aws { shared: Arc::new(Shared::new(config, settings, clock)) }
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
