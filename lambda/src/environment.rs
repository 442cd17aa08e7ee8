//! The environment of the function, read once at the start.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment of a Lambda function"
)]

use std::path::PathBuf;

use mef_source::checked::Endpoint;

use crate::role::Role;

/// Why the environment cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// A variable is not set, or empty.
    #[error("the environment variable {0} is not set: deploy with the template, which sets it")]
    Missing(&'static str),
    /// The handler's name is not a role.
    #[error("`{0}` is not a role: the handler is one of authorizer, handler, poller, redrive")]
    NoRole(String),
}

/// The environment of one function.
///
/// Each role gets only the variables that it needs. The others are empty here, and an error once the
/// backend needs them.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The role of this function.
    pub role: Role,
    /// The project, the first part of every name.
    pub project: String,
    /// The service, the second part.
    pub service: String,
    /// The stage, the last part.
    pub stage: String,
    /// The part of a webhook's path before the source's name; may be empty.
    pub api_path: String,
    /// Where webhooks come in, if a source may know: behind a function URL nobody can say it here.
    pub endpoint: Option<Endpoint>,
    /// The folder of the source files; each has a folder of its own.
    pub sources: PathBuf,
    /// The queue that the SIEM reads.
    pub queue_url: String,
    /// The queue of rejected records.
    pub rejected_queue_url: String,
    /// The table of cursors, deliveries and tokens.
    pub table: String,
    /// The bucket for what is too large for a queue.
    pub bucket: String,
    /// The poller, which wake-ups call.
    pub poller_arn: String,
    /// The IAM role that wake-ups assume.
    pub wake_role_arn: String,
    /// The group that wake-ups are in.
    pub schedule_group: String,
    /// The KMS key that secrets are stored under; empty for Parameter Store's own.
    pub secrets_kms_key_arn: String,
    /// Whether to keep refused webhooks for some days.
    pub capture_refused: bool,
    /// Whether each source has metrics of its own.
    pub source_metrics: bool,
    /// What to log: a level, or crates with their levels.
    pub log: String,
    /// The region of everything above.
    pub region: String,
    /// The URL of an emulator of AWS, if there is one.
    pub endpoint_url: Option<String>,
}

impl Environment {
    /// Reads the environment of this process.
    ///
    /// # Errors
    ///
    /// Fails if a variable is missing that every role needs.
    pub fn read() -> Result<Environment, EnvironmentError> {
        Environment::of(&|name| std::env::var(name).ok())
    }

    /// Reads the environment from `variable`, which returns the value of a name.
    ///
    /// # Errors
    ///
    /// Fails if a variable is missing that every role needs.
    pub fn of(variable: &dyn Fn(&str) -> Option<String>) -> Result<Environment, EnvironmentError> {
        let or_empty = |name: &str| variable(name).unwrap_or_default();
        let needed = |name: &'static str| {
            variable(name).filter(|v| !v.is_empty()).ok_or(EnvironmentError::Missing(name))
        };
        let handler = needed("_HANDLER")?;
        let role = Role::of(&handler).ok_or(EnvironmentError::NoRole(handler))?;
        let sources = match variable("SOURCES_DIR").filter(|dir| !dir.is_empty()) {
            Some(dir) => PathBuf::from(dir),
            None => PathBuf::from(needed("LAMBDA_TASK_ROOT")?).join("sources"),
        };
        Ok(Environment {
            role,
            project: needed("PROJECT")?,
            service: needed("SERVICE")?,
            stage: needed("STAGE")?,
            api_path: or_empty("API_PATH"),
            endpoint: or_empty("ENDPOINT").parse().ok(),
            sources,
            queue_url: or_empty("QUEUE_URL"),
            rejected_queue_url: or_empty("REJECTED_QUEUE_URL"),
            table: or_empty("TABLE"),
            bucket: or_empty("BUCKET"),
            poller_arn: or_empty("POLLER_ARN"),
            wake_role_arn: or_empty("WAKE_ROLE_ARN"),
            schedule_group: or_empty("SCHEDULE_GROUP"),
            secrets_kms_key_arn: or_empty("SECRETS_KMS_KEY_ARN"),
            capture_refused: variable("CAPTURE_REFUSED").as_deref() == Some("true"),
            source_metrics: variable("SOURCE_METRICS").as_deref() == Some("true"),
            log: variable("MEF_LOG").unwrap_or_else(|| "info".to_owned()),
            region: needed("AWS_REGION")?,
            endpoint_url: variable("AWS_ENDPOINT_URL").filter(|url| !url.is_empty()),
        })
    }

    /// Returns the name of this deployment, which its metrics carry.
    pub fn stack(&self) -> String {
        format!("{}-{}-{}", self.project, self.service, self.stage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<Environment, EnvironmentError> {
        Environment::of(&|name| {
            pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        })
    }

    const WHOLE: &[(&str, &str)] = &[
        ("_HANDLER", "poller"),
        ("PROJECT", "MozDef-EF"),
        ("SERVICE", "saas"),
        ("STAGE", "prod"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
        ("AWS_REGION", "eu-central-1"),
    ];

    #[test]
    fn the_sources_are_in_the_package_unless_told_otherwise() {
        let environment = of(WHOLE).unwrap();
        assert_eq!(environment.role, Role::Poller);
        assert_eq!(environment.sources, PathBuf::from("/var/task/sources"));
        assert_eq!(environment.stack(), "MozDef-EF-saas-prod");
        assert_eq!((environment.log.as_str(), environment.api_path.as_str()), ("info", ""));
        let elsewhere = [WHOLE, &[("SOURCES_DIR", "/opt/sources")]].concat();
        assert_eq!(of(&elsewhere).unwrap().sources, PathBuf::from("/opt/sources"));
    }

    #[test]
    fn what_every_role_needs_is_named_when_it_is_missing() {
        for (index, (name, _)) in WHOLE.iter().enumerate() {
            let mut rest = WHOLE.to_vec();
            rest.remove(index);
            assert_eq!(of(&rest).unwrap_err(), EnvironmentError::Missing(name));
            rest.push((name, ""));
            assert_eq!(of(&rest).unwrap_err(), EnvironmentError::Missing(name));
        }
        let other = [&[("_HANDLER", "lambda.handler")], &WHOLE[1..]].concat();
        assert_eq!(of(&other).unwrap_err(), EnvironmentError::NoRole("lambda.handler".to_owned()));
    }
}
