//! What a wake-up leaves in the scheduler.

use std::time::Duration;

use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use jiff::Timestamp;
use mef_aws::{Aws, Settings};
use mef_ports::{Clock as _, StreamKey, Wakeups as _};

use crate::support::World;

fn stream(partition: &str) -> StreamKey {
    StreamKey { source: "okta".to_owned(), partition: partition.to_owned() }
}

impl World {
    async fn schedules(&self) -> Vec<GetScheduleOutput> {
        let client = aws_sdk_scheduler::Client::new(&self.config);
        let group = &self.settings.wake.as_ref().unwrap().schedule_group;
        let listed = client.list_schedules().group_name(group).send().await.unwrap();
        let mut schedules = Vec::new();
        for schedule in listed.schedules() {
            let get = client.get_schedule().group_name(group).name(schedule.name().unwrap());
            schedules.push(get.send().await.unwrap());
        }
        schedules
    }
}

#[tokio::test]
async fn a_wake_up_calls_the_poller_once_for_its_source() {
    let world = World::new().await;
    let when: Timestamp = "2026-11-24T11:00:00.25Z".parse().unwrap();
    world.aws.wakeups().unwrap().wake(&stream(""), when).await.unwrap();
    let schedules = world.schedules().await;
    assert_eq!(schedules.len(), 1);
    let (schedule, wake) = (&schedules[0], world.settings.wake.as_ref().unwrap());
    let begin = format!("{}-mef-test-wake-", world.settings.project);
    assert!(schedule.name().unwrap().starts_with(&begin), "{schedule:?}");
    assert_eq!(schedule.schedule_expression(), Some("at(2026-11-24T11:00:01)"));
    assert_eq!(schedule.schedule_expression_timezone(), Some("UTC"));
    assert_eq!(schedule.action_after_completion().unwrap().as_str(), "DELETE");
    let target = schedule.target().unwrap();
    assert_eq!(
        (target.arn(), target.role_arn()),
        (wake.poller_arn.as_str(), wake.role_arn.as_str())
    );
    assert_eq!(target.input(), Some(r#"{"source":"okta"}"#));
}

#[tokio::test]
async fn a_later_wish_takes_the_place_of_the_first() {
    let world = World::new().await;
    let wakeups = world.aws.wakeups().unwrap();
    let after = |seconds| world.clock.now() + Duration::from_secs(seconds);
    wakeups.wake(&stream(""), after(3_600)).await.unwrap();
    wakeups.wake(&stream(""), after(60)).await.unwrap();
    wakeups.wake(&stream("other"), after(60)).await.unwrap();
    let schedules = world.schedules().await;
    assert_eq!(schedules.len(), 2, "one a stream");
    for schedule in schedules {
        assert_eq!(schedule.schedule_expression(), Some("at(2026-11-24T10:01:00)"));
        assert_eq!(schedule.action_after_completion().unwrap().as_str(), "DELETE");
    }
}

#[tokio::test]
async fn a_group_that_is_missing_is_an_error_that_says_so() {
    let world = World::new().await;
    let mut settings: Settings = world.settings.clone();
    settings.wake.as_mut().unwrap().schedule_group = "no-such".to_owned();
    let aws = Aws::new(world.config.clone(), settings, world.clock.clone());
    let error = aws.wakeups().unwrap().wake(&stream(""), world.clock.now()).await.unwrap_err();
    assert_eq!(error.to_string(), "leave a wake-up failed");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("ResourceNotFound"), "{cause}");
    let without = Aws::new(world.config, Settings { wake: None, ..world.settings }, world.clock);
    assert!(without.wakeups().is_none());
}
