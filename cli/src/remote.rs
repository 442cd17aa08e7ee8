//! The backend on AWS, put together for the commands.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use mef_auth::{RedactingSecrets, Redactor};
use mef_aws::{Aws, ParameterStore, Settings, TimeLimits, load_config};
use mef_http::SystemClock;
use mef_pipeline::Outputs;
use mef_poller::PollPorts;
use mef_ports::{Clock, Secret, SecretRef, Wakeups};

use crate::args::{Events, Global};
use crate::commands::summary_line;
use crate::output;

/// A person waits longer than a function.
const TIME_LIMITS: TimeLimits = TimeLimits {
    connect: Duration::from_secs(5),
    attempt: Duration::from_secs(20),
    operation: Duration::from_secs(60),
};
/// How long a look at the queue waits for the first event.
const FIRST_EVENT: Duration = Duration::from_secs(2);
/// How long a follower's look waits.
const FOLLOW: Duration = Duration::from_secs(20);
/// How many events are received at once.
const BATCH: usize = 100;

/// Every port of one stack.
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

    /// What a poller needs.
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

    /// Stores a secret. The version before it counts for a day, unless it is
    /// the same: `at_once` stores the new value twice.
    pub(crate) async fn set_secret(
        &self,
        reference: &SecretRef,
        value: &Secret,
        at_once: bool,
    ) -> anyhow::Result<()> {
        let secrets = self.secrets();
        for _ in 0..=u8::from(at_once) {
            secrets.put(reference, value.expose()).await?;
        }
        Ok(())
    }
}

/// `mef events` on AWS, where a look is a receive.
pub(crate) async fn events(global: &Global, options: &Events) -> anyhow::Result<ExitCode> {
    let queue = Remote::open(global).await?.aws.queue();
    if options.after.is_some() || options.source.is_some() {
        bail!("--after and --source are for the embedded store: SQS has no order and no choice");
    }
    if !options.receive && !options.consume {
        let counts = queue.counts().await?;
        bail!(
            "about {} events wait in the queue and {} are with a reader; SQS has no look that leaves them alone: add \
             --receive, which hides each for the queue's visibility timeout and counts as one of its deliveries",
            counts.waiting,
            counts.in_flight
        );
    }
    if options.follow && !options.consume {
        bail!(
            "--follow would receive every event again and again, until SQS takes it for failed and moves it to the \
             dead-letter queue: add --consume, or leave --follow out"
        );
    }
    let mut left = options.limit.unwrap_or(usize::MAX);
    while left > 0 {
        let wait = if options.follow { FOLLOW } else { FIRST_EVENT };
        let batch = queue.receive(left.min(BATCH), wait).await?;
        if batch.is_empty() && !options.follow {
            break;
        }
        for event in &batch {
            let body = &event.message.body;
            if global.json || options.attributes || !output::is_terminal() {
                output::line(body)?;
            } else {
                output::line(&summary_line(body))?;
            }
        }
        left -= batch.len();
        if options.consume {
            // Out of the queue only once it is out of our hands.
            output::flush()?;
            queue.delete(batch.iter().map(|event| event.receipt.as_str())).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
