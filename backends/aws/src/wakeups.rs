//! Wake-ups: one-off schedules that delete themselves.
//!
//! A run that is owed before the next tick must not keep a Lambda waiting, and
//! a timer would end with it. The scheduler keeps one schedule a stream, which a
//! later wish replaces.

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

/// How far ahead a wake-up is at least: a moment that has passed when the
/// scheduler gets it may never come, and its clock is not ours.
const AHEAD: SignedDuration = SignedDuration::from_secs(10);

/// The longest name of a schedule (CreateSchedule).
const LONGEST_NAME: usize = 64;

/// How often making and replacing are tried in turn, where the schedule there
/// was runs and goes in between.
const ATTEMPTS: u32 = 4;

/// How often the scheduler calls again when the function cannot be called, and
/// until when: after that the next tick is near.
const RETRIES: i32 = 2;
const RETRY_FOR: Duration = Duration::from_secs(900);

const OPERATION: &str = "leave a wake-up";

/// The schedule that `$wish` describes, in a request that makes or replaces it:
/// for the SDK these are two types that have only their methods' names in common.
macro_rules! schedule {
    ($request:expr, $wakeups:expr, $wish:expr) => {
        $request
            .name(&$wish.name)
            .group_name(&$wakeups.target.schedule_group)
            .schedule_expression(&$wish.expression)
            .schedule_expression_timezone("UTC")
            .flexible_time_window($wish.window.clone())
            .target($wish.target.clone())
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

    async fn create(&self, wish: &Wish) -> Result<Done, AwsError> {
        let request = schedule!(self.shared.scheduler().create_schedule(), self, wish);
        match request.send().await {
            Ok(_) => Ok(Done::Yes),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conflict_exception()) => {
                Ok(Done::TryTheOther)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn replace(&self, wish: &Wish) -> Result<Done, AwsError> {
        let request = schedule!(self.shared.scheduler().update_schedule(), self, wish);
        match request.send().await {
            Ok(_) => Ok(Done::Yes),
            // It ran meanwhile, or is being changed by another run. Where the
            // group is missing, making the schedule says so.
            Err(error)
                if error.as_service_error().is_some_and(|error| {
                    error.is_resource_not_found_exception() || error.is_conflict_exception()
                }) =>
            {
                Ok(Done::TryTheOther)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn leave(&self, wish: &Wish) -> Result<(), AwsError> {
        for attempt in 0..ATTEMPTS {
            let done = match attempt % 2 {
                0 => self.create(wish).await?,
                _ => self.replace(wish).await?,
            };
            if let Done::Yes = done {
                return Ok(());
            }
        }
        Err(AwsError::new(format!("the schedule {} keeps changing", wish.name)))
    }
}

#[async_trait]
impl Wakeups for ScheduledWakeups {
    async fn wake(&self, stream: &StreamKey, when: Timestamp) -> Result<(), StoreError> {
        let wish = Wish::new(
            schedule_name(&self.shared.settings.prefix(), stream),
            expression(when, self.shared.clock.now()),
            &self.target,
            &stream.source,
        );
        let wish = wish.map_err(|error| StoreError::new(OPERATION, error))?;
        self.leave(&wish).await.map_err(|error| error.during(OPERATION))
    }
}

/// Whether a request did it, or found what the other kind of request is for.
enum Done {
    Yes,
    TryTheOther,
}

/// A schedule as it is to be.
struct Wish {
    name: String,
    expression: String,
    window: FlexibleTimeWindow,
    target: Target,
}

impl Wish {
    fn new(
        name: String,
        expression: String,
        target: &WakeTarget,
        source: &str,
    ) -> Result<Wish, BuildError> {
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
        Ok(Wish { name, expression, window, target })
    }
}

/// One name a stream: the prefix, as far as there is room, and a hash of the
/// prefix and the stream.
fn schedule_name(prefix: &str, stream: &StreamKey) -> String {
    let mut all = Vec::new();
    for part in [prefix, &stream.source, &stream.partition] {
        // Lengths first: no two lists of parts are the same bytes.
        all.extend_from_slice(&(part.len() as u64).to_be_bytes());
        all.extend_from_slice(part.as_bytes());
    }
    let mut hash = hex::encode(digest(&SHA256, &all));
    hash.truncate(16);
    let end = format!("-wake-{hash}");
    let begin: String = prefix.chars().take(LONGEST_NAME - end.len()).collect();
    format!("{begin}{end}")
}

/// `when` in UTC as the scheduler writes it: a whole second, never before it,
/// and at least ten seconds from `now`.
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
