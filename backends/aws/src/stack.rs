//! The names of a deployed stack, by the one parameter that the stack keeps
//! them in: for whoever is not one of its functions, which are told by their
//! environment.

use aws_config::SdkConfig;
use mef_ports::StoreError;
use serde::Deserialize;

use crate::aws::{Settings, WakeTarget};
use crate::error::AwsError;

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
