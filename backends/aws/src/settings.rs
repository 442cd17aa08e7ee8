//! The names of a deployed stack, by the one parameter that the stack keeps
//! them in: for whoever is not one of its functions, which are told by their
//! environment.

use aws_config::SdkConfig;
use mef_ports::StoreError;
use serde::Deserialize;

use crate::error::AwsError;

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
}

impl Settings {
    /// The settings of the stack `<project>-<service>-<stage>`; `None` if there
    /// is no such stack.
    ///
    /// # Errors
    ///
    /// When Parameter Store is out of reach, or the stack is another version's.
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
        let answer = aws_sdk_ssm::Client::new(config).get_parameters().names(name).send().await;
        let found = answer.map_err(|error| AwsError::from(error).during(operation))?;
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
        settings.wake = Some(WakeTarget {
            poller_arn: stack.poller_arn,
            role_arn: stack.wake_role_arn,
            schedule_group: stack.schedule_group,
        });
        Ok(Some(settings))
    }
}
