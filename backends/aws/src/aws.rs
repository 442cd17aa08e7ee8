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

/// Every port on AWS, for the stack of one application. A clone is cheap and shares the
/// connections.
#[derive(Clone)]
pub struct Aws {
    shared: Arc<Shared>,
}

impl Aws {
    /// Takes the `config` of [`load_config`](crate::load_config) or
    /// [`function_config`](crate::function_config). Makes no client and sends nothing.
    pub fn new(config: SdkConfig, settings: Settings, clock: Arc<dyn Clock>) -> Aws {
        Aws { shared: Arc::new(Shared::new(config, settings, clock)) }
    }

    /// Returns the names that it was made with.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Returns the queue that the SIEM reads.
    pub fn queue(&self) -> SqsQueue {
        SqsQueue::new(self.shared.clone(), self.shared.settings.queue_url.clone())
    }

    /// Returns the queue for messages that the SIEM's reader failed on; `None` if the
    /// settings name none.
    pub fn dlq(&self) -> Option<SqsQueue> {
        let url = self.shared.settings.dlq_url.clone()?;
        Some(SqsQueue::new(self.shared.clone(), url))
    }

    /// Returns the dead letters: records that the pipeline refused.
    pub fn rejected(&self) -> RejectedQueue {
        RejectedQueue::new(self.shared.clone())
    }

    /// Returns the cursors, delivery marks, access tokens and limits.
    pub fn table(&self) -> Table {
        Table::new(self.shared.clone())
    }

    /// Returns the secrets. They are kept once read, so a process needs only one store.
    pub fn secrets(&self) -> ParameterStore {
        ParameterStore::new(self.shared.clone())
    }

    /// Returns the blobs.
    pub fn blobs(&self) -> S3Blobs {
        S3Blobs::new(self.shared.clone())
    }

    /// Returns the refused requests that are kept for a while.
    pub fn captures(&self) -> S3Captures {
        S3Captures::new(self.shared.clone())
    }

    /// Returns the wake-ups; `None` if the settings do not say what to wake.
    pub fn wakeups(&self) -> Option<ScheduledWakeups> {
        let target = self.shared.settings.wake.clone()?;
        Some(ScheduledWakeups::new(self.shared.clone(), target))
    }
}
