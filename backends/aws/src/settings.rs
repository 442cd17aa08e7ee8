//! The names of what a deployed stack has made.
//!
//! A function gets them from its environment. Anybody else reads them from the one
//! parameter in which the stack keeps them.

use aws_config::SdkConfig;
use mef_ports::StoreError;
use serde::Deserialize;

use crate::error::AwsError;

/// The names of what an application's stack has made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The project: the name of everything begins with it.
    pub project: String,
    /// The service within the project.
    pub service: String,
    /// The stage: `dev`, `prod`.
    pub stage: String,
    /// The URL of the queue that the SIEM reads.
    pub queue_url: String,
    /// The URL of the queue for messages that the SIEM's reader failed on, if there is
    /// one.
    pub dlq_url: Option<String>,
    /// The URL of the queue for records that the pipeline refused.
    pub rejected_queue_url: String,
    /// The name of the table.
    pub table: String,
    /// The name of the bucket.
    pub bucket: String,
    /// What a wake-up wakes. Without it none can be left.
    pub wake: Option<WakeTarget>,
    /// The ARN of the KMS key that secrets are stored under; `None` for Parameter Store's own.
    pub secrets_key: Option<String>,
}

impl Settings {
    /// Returns the beginning of every name that the application gives.
    pub(crate) fn prefix(&self) -> String {
        format!("{}-{}-{}", self.project, self.service, self.stage)
    }
}

/// What a wake-up wakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WakeTarget {
    /// The ARN of the poller's function.
    pub poller_arn: String,
    /// The ARN of the role that the scheduler assumes to call it.
    pub role_arn: String,
    /// The name of the group of the schedules.
    pub schedule_group: String,
}

/// What the parameter holds.
#[derive(Deserialize)]
struct Stack {
    queue_url: String,
    dlq_url: String,
    rejected_queue_url: String,
    table: String,
    bucket: String,
    poller_arn: String,
    wake_role_arn: String,
    schedule_group: String,
    /// Empty if there is none; missing in the stacks of earlier versions.
    #[serde(default)]
    secrets_key_arn: String,
}

impl Settings {
    /// Reads the settings of the stack `<project>-<service>-<stage>`; `None` if there is
    /// no such stack.
    ///
    /// # Errors
    ///
    /// Fails if Parameter Store is out of reach, or if the stack is of another version.
    pub async fn of_stack(
        config: &SdkConfig,
        project: &str,
        service: &str,
        stage: &str,
    ) -> Result<Option<Settings>, StoreError> {
        let operation = "look for the stack";
        let mut settings = Settings {
            project: project.to_owned(),
            service: service.to_owned(),
            stage: stage.to_owned(),
            ..Settings::default()
        };
        let name = format!("/{}", settings.prefix());
        let response = aws_sdk_ssm::Client::new(config).get_parameters().names(name).send().await;
        let found = response.map_err(|error| AwsError::from(error).during(operation))?;
        let Some(text) = found.parameters().first().and_then(|found| found.value()) else {
            return Ok(None);
        };
        let stack: Stack =
            serde_json::from_str(text).map_err(|error| StoreError::new(operation, error))?;
        settings.queue_url = stack.queue_url;
        settings.dlq_url = Some(stack.dlq_url);
        settings.rejected_queue_url = stack.rejected_queue_url;
        settings.table = stack.table;
        settings.bucket = stack.bucket;
        settings.secrets_key = Some(stack.secrets_key_arn).filter(|key| !key.is_empty());
        settings.wake = Some(WakeTarget {
            poller_arn: stack.poller_arn,
            role_arn: stack.wake_role_arn,
            schedule_group: stack.schedule_group,
        });
        Ok(Some(settings))
    }
}
