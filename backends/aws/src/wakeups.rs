//! Wake-ups: one-off schedules that delete themselves.
//!
//! A Lambda must not wait for a run that is due before the next tick, and its timers
//! end with it. The scheduler keeps one schedule for each stream, which a later one
//! replaces.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_scheduler::error::BuildError;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target,
};
use jiff::{SignedDuration, Timestamp};
use mef_ports::{StoreError, StreamKey, Wakeups};

use crate::clients::Shared;
use crate::error::AwsError;
use crate::settings::WakeTarget;

/// How far ahead a wake-up is at least. The scheduler may ignore a moment that has
/// passed when it gets it, and its clock is not ours.
const AHEAD: SignedDuration = SignedDuration::from_secs(10);

/// The longest name of a schedule (CreateSchedule).
const LONGEST_NAME: usize = 64;

/// How often making and then replacing is tried: a schedule may run, and so go, in
/// between.
const ATTEMPTS: u32 = 2;

/// How often, and how long, the scheduler tries again if the function cannot be called.
/// After that the next tick is near.
const RETRIES: i32 = 2;
const RETRY_FOR: Duration = Duration::from_secs(900);

const OPERATION: &str = "leave a wake-up";

/// Fills in a request that makes or replaces the schedule `$wanted`. For the SDK these
/// are two types that have only the names of their methods in common.
macro_rules! schedule {
    ($request:expr, $wakeups:expr, $wanted:expr) => {
        $request
            .name(&$wanted.name)
            .group_name(&$wakeups.target.schedule_group)
            .schedule_expression(&$wanted.expression)
            .schedule_expression_timezone("UTC")
            .flexible_time_window($wanted.window.clone())
            .target($wanted.target.clone())
            .action_after_completion(ActionAfterCompletion::Delete)
    };
}

/// Leaves one-off schedules in EventBridge Scheduler.
#[derive(Clone)]
pub struct ScheduledWakeups {
    shared: Arc<Shared>,
    target: WakeTarget,
}

impl ScheduledWakeups {
    pub(crate) fn new(shared: Arc<Shared>, target: WakeTarget) -> ScheduledWakeups {
        ScheduledWakeups { shared, target }
    }

    /// Makes the schedule; returns false if there is one already.
    async fn create(&self, wanted: &Schedule) -> Result<bool, AwsError> {
        let request = schedule!(self.shared.scheduler().create_schedule(), self, wanted);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conflict_exception()) => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the schedule; returns false if there is none, or if another run is
    /// changing it. If the group is missing, `create` says so.
    async fn replace(&self, wanted: &Schedule) -> Result<bool, AwsError> {
        let request = schedule!(self.shared.scheduler().update_schedule(), self, wanted);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().is_some_and(|error| {
                    error.is_resource_not_found_exception() || error.is_conflict_exception()
                }) =>
            {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn leave(&self, wanted: &Schedule) -> Result<(), AwsError> {
        for _ in 0..ATTEMPTS {
            if self.create(wanted).await? || self.replace(wanted).await? {
                return Ok(());
            }
        }
        Err(AwsError::new(format!("the schedule {} keeps changing", wanted.name)))
    }
}

#[async_trait]
impl Wakeups for ScheduledWakeups {
    async fn wake(&self, stream: &StreamKey, when: Timestamp) -> Result<(), StoreError> {
        let wanted = Schedule::new(
            schedule_name(&self.shared.settings.prefix(), stream),
            expression(when, self.shared.clock.now()),
            &self.target,
            &stream.source,
        );
        let wanted = wanted.map_err(|error| StoreError::new(OPERATION, error))?;
        self.leave(&wanted).await.map_err(|error| error.during(OPERATION))
    }
}

/// The schedule that is wanted.
struct Schedule {
    name: String,
    expression: String,
    window: FlexibleTimeWindow,
    target: Target,
}

impl Schedule {
    fn new(
        name: String,
        expression: String,
        target: &WakeTarget,
        source: &str,
    ) -> Result<Schedule, BuildError> {
        let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build()?;
        let retries = RetryPolicy::builder()
            .maximum_retry_attempts(RETRIES)
            .maximum_event_age_in_seconds(i32::try_from(RETRY_FOR.as_secs()).unwrap_or(i32::MAX))
            .build();
        let target = Target::builder()
            .arn(&target.poller_arn)
            .role_arn(&target.role_arn)
            .input(serde_json::json!({ "source": source }).to_string())
            .retry_policy(retries)
            .build()?;
        Ok(Schedule { name, expression, window, target })
    }
}

/// Returns the one name for a stream: as much of the prefix as fits, and a hash of the
/// prefix and the stream.
fn schedule_name(prefix: &str, stream: &StreamKey) -> String {
    let mut all = Vec::new();
    for part in [prefix, &stream.source, &stream.partition] {
        // With their lengths, no two lists of parts are the same bytes.
        all.extend_from_slice(&(part.len() as u64).to_be_bytes());
        all.extend_from_slice(part.as_bytes());
    }
    let mut hash = hex::encode(digest(&SHA256, &all));
    hash.truncate(16);
    let end = format!("-wake-{hash}");
    let begin: String = prefix.chars().take(LONGEST_NAME - end.len()).collect();
    format!("{begin}{end}")
}

/// Writes `when` for the scheduler, in UTC: the next whole second, at least ten seconds
/// from `now`.
fn expression(when: Timestamp, now: Timestamp) -> String {
    let earliest = now.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
    let at = when.max(earliest);
    let second = at.as_second().saturating_add(i64::from(at.subsec_nanosecond() > 0));
    let at = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    at.strftime("at(%Y-%m-%dT%H:%M:%S)").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_moment_becomes_the_next_whole_second() {
        let now = at("2026-11-24T10:00:00Z");
        assert_eq!(expression(at("2026-11-24T11:02:03Z"), now), "at(2026-11-24T11:02:03)");
        assert_eq!(
            expression(at("2026-11-24T11:02:03.000000001Z"), now),
            "at(2026-11-24T11:02:04)"
        );
    }

    #[test]
    fn what_is_past_or_near_is_put_off() {
        let now = at("2026-11-24T23:59:55.5Z");
        for when in [Timestamp::MIN, now, at("2026-11-25T00:00:05.4Z")] {
            assert_eq!(expression(when, now), "at(2026-11-25T00:00:06)");
        }
        assert_eq!(expression(Timestamp::MAX, Timestamp::MAX), "at(9999-12-30T22:00:00)");
    }

    #[test]
    fn every_stream_has_a_name_of_its_own_that_the_scheduler_takes() {
        let name = |prefix: &str, source: &str, partition: &str| {
            let (source, partition) = (source.to_owned(), partition.to_owned());
            schedule_name(prefix, &StreamKey { source, partition })
        };
        let names = [
            name("p-s-dev", "a", ""),
            name("p-s-dev", "b", ""),
            name("p-s-dev", "a", "b"),
            name("p-s-dev", "ab", ""),
            name(&"p".repeat(100), "a", ""),
            name(&"p".repeat(101), "a", ""),
        ];
        assert!(names[0].starts_with("p-s-dev-wake-"), "{}", names[0]);
        // A later version has to replace the schedules of an earlier one.
        assert_eq!(names[2], "p-s-dev-wake-6624ae717953eb2b");
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        assert!(names.iter().all(|name| name.len() <= LONGEST_NAME));
    }
}
