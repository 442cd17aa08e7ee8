//! The ports on AWS, put together for one role, once per process.
//!
//! Nothing is sent here, and a client is made when it is first used: no role starts slower because of what
//! only another one needs.

use std::sync::Arc;
use std::time::Duration;

use mef_auth::{RedactingSecrets, Redactor};
use mef_aws::{Aws, Settings, TimeLimits, WakeTarget, function_config};
use mef_http::{HttpClients, SystemClock};
use mef_intake::{KeyCache, ReceiverPorts};
use mef_pipeline::Outputs;
use mef_poller::PollPorts;
use mef_ports::{Clock, Secrets, Wakeups};

use crate::environment::{Environment, EnvironmentError};
use crate::role::Role;
use crate::roles::authorizer::AuthorizerRole;
use crate::roles::handler::HandlerRole;
use crate::roles::poller::PollerRole;
use crate::roles::redrive::RedriveRole;
use crate::serve::Function;

/// Returns the function that `environment` asks for, on AWS.
///
/// # Errors
///
/// Fails if a variable is missing that the role needs.
pub(crate) fn function(
    environment: &Environment,
    redactor: &Redactor,
) -> Result<Function, EnvironmentError> {
    let settings = settings(environment)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let endpoint = environment.endpoint_url.as_deref();
    let config = function_config(&environment.region, endpoint, limits(environment.role));
    let aws = Aws::new(config, settings, Arc::clone(&clock));
    let secrets = || -> Arc<dyn Secrets> {
        Arc::new(RedactingSecrets::new(Arc::new(aws.secrets()), redactor.clone()))
    };
    let http = HttpClients::default().for_webhooks();
    let keys = || Arc::new(KeyCache::new(Arc::clone(&http), Arc::clone(&clock)));
    let outputs = || Outputs {
        queue: Arc::new(aws.queue()),
        dead_letters: Arc::new(aws.rejected()),
        clock: Arc::clone(&clock),
    };
    Ok(match environment.role {
        Role::Authorizer => {
            let gate = AuthorizerRole::new(environment, secrets(), keys(), Arc::clone(&clock));
            Function::Authorizer(gate)
        }
        Role::Handler => {
            let ports = ReceiverPorts {
                outputs: outputs(),
                deliveries: Arc::new(aws.table()),
                secrets: secrets(),
                keys: keys(),
                http: Arc::clone(&http),
                clock: Arc::clone(&clock),
            };
            let intake = HandlerRole::new(environment, ports);
            Function::Handler(match environment.capture_refused {
                true => intake.capturing(Arc::new(aws.captures())),
                false => intake,
            })
        }
        Role::Poller => {
            let table = Arc::new(aws.table());
            let wakeups = aws.wakeups().ok_or(EnvironmentError::Missing("POLLER_ARN"))?;
            let wakeups: Arc<dyn Wakeups> = Arc::new(wakeups);
            let ports = PollPorts {
                cursors: table.clone(),
                limits: table.clone(),
                wakeups,
                blobs: Arc::new(aws.blobs()),
                secrets: secrets(),
                tokens: table,
                outputs: outputs(),
                clock: Arc::clone(&clock),
                redactor: redactor.clone(),
            };
            Function::Poller(Box::new(PollerRole::new(environment, ports)))
        }
        Role::Redrive => Function::Redrive(RedriveRole::new(environment, outputs())),
    })
}

/// Returns how long to wait for AWS. If a sender waits, two requests in a row must be able to fail before
/// the function is ended: after 10 s for the authorizer, 15 s for the handler.
fn limits(role: Role) -> TimeLimits {
    let of = |attempt, operation| TimeLimits {
        connect: Duration::from_secs(1),
        attempt: Duration::from_secs(attempt),
        operation: Duration::from_secs(operation),
    };
    match role {
        Role::Authorizer => of(2, 4),
        Role::Handler => of(3, 6),
        Role::Poller | Role::Redrive => TimeLimits::default(),
    }
}

/// Returns the names that the backend needs; fails if one is missing that the role needs.
fn settings(environment: &Environment) -> Result<Settings, EnvironmentError> {
    let outputs = [
        ("QUEUE_URL", &environment.queue_url),
        ("REJECTED_QUEUE_URL", &environment.rejected_queue_url),
        ("BUCKET", &environment.bucket),
    ];
    let table = [("TABLE", &environment.table)];
    let wake = [
        ("POLLER_ARN", &environment.poller_arn),
        ("WAKE_ROLE_ARN", &environment.wake_role_arn),
        ("SCHEDULE_GROUP", &environment.schedule_group),
    ];
    let needed = match environment.role {
        Role::Authorizer => Vec::new(),
        Role::Handler => [&outputs[..], &table].concat(),
        Role::Poller => [&outputs[..], &table, &wake].concat(),
        Role::Redrive => outputs.to_vec(),
    };
    if let Some((name, _)) = needed.into_iter().find(|(_, value)| value.is_empty()) {
        return Err(EnvironmentError::Missing(name));
    }
    let wake = WakeTarget {
        poller_arn: environment.poller_arn.clone(),
        role_arn: environment.wake_role_arn.clone(),
        schedule_group: environment.schedule_group.clone(),
    };
    Ok(Settings {
        project: environment.project.clone(),
        service: environment.service.clone(),
        stage: environment.stage.clone(),
        queue_url: environment.queue_url.clone(),
        dlq_url: None,
        rejected_queue_url: environment.rejected_queue_url.clone(),
        table: environment.table.clone(),
        bucket: environment.bucket.clone(),
        wake: (environment.role == Role::Poller).then_some(wake),
        secrets_key: Some(environment.secrets_kms_key_arn.clone()).filter(|key| !key.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(role: &str, without: &str) -> Result<Settings, EnvironmentError> {
        let environment = Environment::of(&|name| {
            let value = if name == "_HANDLER" { role } else { name };
            (name != without).then(|| value.to_owned())
        });
        settings(&environment?)
    }

    #[test]
    fn two_requests_that_stall_end_before_the_function_does() {
        // The time limits of the functions in infra/app.yml.
        for (role, seconds) in
            [(Role::Authorizer, 10), (Role::Handler, 15), (Role::Poller, 900), (Role::Redrive, 900)]
        {
            let limits = limits(role);
            assert!(limits.operation * 2 < Duration::from_secs(seconds), "{role:?}");
            assert!(limits.connect < limits.attempt && limits.attempt < limits.operation);
        }
    }

    #[test]
    fn a_role_needs_its_own_variables_and_no_others() {
        let all = [
            "QUEUE_URL",
            "REJECTED_QUEUE_URL",
            "BUCKET",
            "TABLE",
            "POLLER_ARN",
            "WAKE_ROLE_ARN",
            "SCHEDULE_GROUP",
        ];
        for (role, needs) in
            [("authorizer", 0..0), ("redrive", 0..3), ("handler", 0..4), ("poller", 0..7)]
        {
            for (index, name) in all.into_iter().enumerate() {
                let settings = of(role, name);
                match needs.contains(&index) {
                    true => assert_eq!(settings, Err(EnvironmentError::Missing(name)), "{role}"),
                    false => assert!(settings.is_ok(), "{role} needs {name}"),
                }
            }
            let wakes = of(role, "").unwrap().wake.is_some();
            assert_eq!(wakes, role == "poller", "{role}");
            let key = |without| of(role, without).unwrap().secrets_key;
            assert_eq!(key("").as_deref(), Some("SECRETS_KMS_KEY_ARN"));
            assert_eq!(key("SECRETS_KMS_KEY_ARN"), None);
        }
    }
}
