//! The ports of a stack on AWS, put together for the commands.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use mef_auth::{RedactingSecrets, Redactor};
use mef_aws::{Aws, ParameterStore, S3Blobs, Settings, SqsQueue, TimeLimits, load_config};
use mef_http::SystemClock;
use mef_pipeline::Outputs;
use mef_poller::PollPorts;
use mef_ports::{Clock, Secret, SecretRef, Wakeups};

use crate::args::Global;

/// A person can wait longer than a function.
const TIME_LIMITS: TimeLimits = TimeLimits {
    connect: Duration::from_secs(5),
    attempt: Duration::from_secs(20),
    operation: Duration::from_secs(60),
};

/// One stack.
pub(crate) struct Remote {
    aws: Aws,
    clock: Arc<dyn Clock>,
}

impl Remote {
    /// Finds the stack that the options name.
    pub(crate) async fn open(global: &Global) -> anyhow::Result<Remote> {
        let (Some(project), Some(service), Some(stage)) =
            (&global.project, &global.service, &global.stage)
        else {
            bail!(
                "`--backend aws` needs --project, --service and --stage (or PROJECT, SERVICE and STAGE): \
                 the stack is called <project>-<service>-<stage>"
            );
        };
        let config = load_config(TIME_LIMITS).await;
        let settings = Settings::of_stack(&config, project, service, stage).await?;
        let settings = settings.with_context(|| {
            format!(
                "there is no stack {project}-{service}-{stage} in this account and region: check AWS_PROFILE and \
                 AWS_REGION, or deploy it with infra/deploy.sh"
            )
        })?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Ok(Remote { aws: Aws::new(config, settings, Arc::clone(&clock)), clock })
    }

    /// The queue that the SIEM reads.
    pub(crate) fn queue(&self) -> SqsQueue {
        self.aws.queue()
    }

    /// The bytes that are kept for a person, and those that claims in events stand for.
    pub(crate) fn blobs(&self) -> S3Blobs {
        self.aws.blobs()
    }

    /// Returns the ports of a poller.
    pub(crate) fn poll_ports(&self, redactor: &Redactor) -> anyhow::Result<PollPorts> {
        let table = Arc::new(self.aws.table());
        let wakeups = self.aws.wakeups().context("the stack does not say whom to wake")?;
        let wakeups: Arc<dyn Wakeups> = Arc::new(wakeups);
        let secrets = Arc::new(self.secrets());
        Ok(PollPorts {
            cursors: table.clone(),
            limits: table.clone(),
            wakeups,
            blobs: Arc::new(self.aws.blobs()),
            secrets: Arc::new(RedactingSecrets::new(secrets, redactor.clone())),
            tokens: table,
            clock: Arc::clone(&self.clock),
            outputs: Outputs {
                queue: Arc::new(self.aws.queue()),
                dead_letters: Arc::new(self.aws.rejected()),
                clock: Arc::clone(&self.clock),
            },
            redactor: redactor.clone(),
        })
    }

    fn secrets(&self) -> ParameterStore {
        self.aws.secrets()
    }
}

/// Returns the secrets of a project and a stage, which are set before there is a stack.
pub(crate) async fn secrets(global: &Global) -> anyhow::Result<ParameterStore> {
    secrets_under(global, None).await
}

/// Returns the same secrets, of which those that are stored go under `key`.
async fn secrets_under(global: &Global, key: Option<String>) -> anyhow::Result<ParameterStore> {
    let (Some(project), Some(stage)) = (&global.project, &global.stage) else {
        bail!(
            "`--backend aws` needs --project and --stage (or PROJECT and STAGE): a secret is the parameter \
             /<project>/<source>/<stage>/<name>"
        );
    };
    let (project, stage) = (project.clone(), stage.clone());
    let settings = Settings { project, stage, secrets_key: key, ..Settings::default() };
    let config = load_config(TIME_LIMITS).await;
    Ok(Aws::new(config, settings, Arc::new(SystemClock)).secrets())
}

/// Returns the key under which the stack stores secrets; `None` if it names none, or is not there.
async fn key_of_stack(global: &Global) -> anyhow::Result<Option<String>> {
    let (Some(project), Some(service), Some(stage)) =
        (&global.project, &global.service, &global.stage)
    else {
        return Ok(None);
    };
    let config = load_config(TIME_LIMITS).await;
    let stack = Settings::of_stack(&config, project, service, stage).await?;
    Ok(stack.and_then(|stack| stack.secrets_key))
}

/// Stores a secret under `key`, or else the stack's. The previous version is accepted for another day;
/// with `at_once` the new value is stored twice, so that it is the previous one too.
pub(crate) async fn set_secret(
    global: &Global,
    reference: &SecretRef,
    value: &Secret,
    at_once: bool,
    key: Option<&str>,
) -> anyhow::Result<()> {
    let key = match key {
        Some(key) => Some(key.to_owned()),
        None => key_of_stack(global).await?,
    };
    let secrets = secrets_under(global, key).await?;
    for _ in 0..=u8::from(at_once) {
        secrets.put(reference, value.expose()).await?;
    }
    Ok(())
}
