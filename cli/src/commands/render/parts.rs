//! What each source adds to the stack.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use mef_source::Source;
use mef_source::checked::{Cursor, Granularity, Poll};

use super::names::logical_id;
use super::policies;
use super::template::Parts;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// An alarm looks back at most as far.
const LONGEST_PERIOD: u64 = 7 * DAY;
/// The shortest time without a run that says something: log lines become metrics with some delay.
const SHORTEST_PERIOD: u64 = 15 * MINUTE;

/// Everything that `sources`, which are sorted by name, add.
pub(super) fn of(sources: &[Arc<Source>]) -> anyhow::Result<Parts> {
    let mut parts = Parts::default();
    for source in sources {
        let (name, id) = (source.name.as_str(), logical_id(source.name.as_str()));
        if let Some(poll) = &source.poll {
            pulled(&mut parts, name, &id, poll);
        }
        if source.webhook.is_some() {
            pushed(&mut parts, name, &id);
        }
    }
    parts.resources.push_str(&policies::of(sources)?);
    let text = parts.resources.trim_start_matches('\n').len();
    parts.resources = parts.resources.split_off(parts.resources.len() - text);
    Ok(parts)
}

fn pulled(parts: &mut Parts, name: &str, id: &str, poll: &Poll) {
    let schedule = poll.schedule.as_secs();
    // Writing to a String does not fail.
    let _ = write!(
        parts.parameters,
        "Paused{id}:
  Type: String
  Description: Whether the schedule of {name} is off.
  AllowedValues: [\"true\", \"false\"]
  Default: \"false\"
"
    );
    let _ = writeln!(
        parts.conditions,
        "Paused{id}: !Or [!Equals [!Ref ScheduleState, DISABLED], !Equals [!Ref Paused{id}, \"true\"]]"
    );
    let _ = write!(
        parts.resources,
        "
Schedule{id}:
  Type: AWS::Scheduler::Schedule
  Properties:
    Name: {name:?}
    Description: Pulls {name}
    GroupName: !Ref ScheduleGroup
    FlexibleTimeWindow: {{ Mode: \"OFF\" }}
    ScheduleExpression: {rate}
    State: !If [Paused{id}, DISABLED, ENABLED]
    Target:
      Arn: !GetAtt PollerFunction.Arn
      DeadLetterConfig: {{ Arn: !GetAtt ScheduleDeadLetterQueue.Arn }}
      Input: '{{\"source\":\"{name}\"}}'
      RetryPolicy: {{ MaximumEventAgeInSeconds: {age}, MaximumRetryAttempts: 3 }}
      RoleArn: !GetAtt ScheduleRole.Arn
",
        rate = rate(schedule),
        // After that the next tick does the same.
        age = schedule.clamp(MINUTE, HOUR),
    );
    match lag_limit(poll) {
        Some(limit) => alarm(
            parts,
            &Alarm {
                id: format!("Lag{id}"),
                name: format!("lag-{name}"),
                description: format!(
                    "{name} is read no further than {limit} s ago, or is not read at all."
                ),
                source: name,
                metric: "LagSeconds",
                statistic: "Maximum",
                comparison: "GreaterThanThreshold",
                threshold: limit,
                schedule,
                paused: id,
            },
        ),
        None => alarm(
            parts,
            &Alarm {
                id: format!("Failing{id}"),
                name: format!("failing-{name}"),
                description: format!("Every run of {name} fails, or it is not read at all."),
                source: name,
                metric: "Failed",
                statistic: "Minimum",
                comparison: "GreaterThanOrEqualToThreshold",
                threshold: 1,
                schedule,
                paused: id,
            },
        ),
    }
}

/// How old, in seconds, what is read last may be; a cursor by token has no time to go by.
///
/// It is three missed runs and never less than an hour, on top of what the file leaves for later.
fn lag_limit(poll: &Poll) -> Option<u64> {
    let Cursor::Time(cursor) = &poll.cursor else { return None };
    let unit = match cursor.granularity {
        Granularity::Day => DAY,
        _ => 0,
    };
    let slack = poll.schedule.saturating_mul(3).max(Duration::from_secs(HOUR));
    Some(cursor.end_lag.saturating_add(slack).as_secs().saturating_add(unit))
}

struct Alarm<'a> {
    id: String,
    name: String,
    description: String,
    source: &'a str,
    metric: &'a str,
    statistic: &'a str,
    comparison: &'a str,
    threshold: u64,
    schedule: u64,
    paused: &'a str,
}

fn alarm(parts: &mut Parts, alarm: &Alarm<'_>) {
    let two_runs = alarm.schedule.saturating_mul(2).next_multiple_of(MINUTE);
    let period = two_runs.clamp(SHORTEST_PERIOD, LONGEST_PERIOD);
    // Silence for two runs says that nobody pulls, where an alarm can look back so far.
    let missing = if two_runs <= LONGEST_PERIOD { "breaching" } else { "ignore" };
    let Alarm { id, name, description, source, metric, statistic, comparison, threshold, .. } =
        alarm;
    let _ = write!(
        parts.resources,
        "
{id}:
  Type: AWS::CloudWatch::Alarm
  Properties:
    AlarmName: !Sub \"${{Project}}-${{Service}}-${{Stage}}-{name}\"
    AlarmDescription: {description:?}
    ActionsEnabled: !If [Paused{paused}, false, true]
    AlarmActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref \"AWS::NoValue\"]
    OKActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref \"AWS::NoValue\"]
    Namespace: MozDefEventFramework
    MetricName: {metric}
    Dimensions:
      - {{ Name: Stack, Value: !Sub \"${{Project}}-${{Service}}-${{Stage}}\" }}
      - {{ Name: Source, Value: {source:?} }}
    Statistic: {statistic}
    Period: {period}
    EvaluationPeriods: 1
    ComparisonOperator: {comparison}
    Threshold: {threshold}
    TreatMissingData: {missing}
",
        paused = alarm.paused,
    );
}

fn pushed(parts: &mut Parts, name: &str, id: &str) {
    // The handler counts 0 or 1 with every request, so that the average is the share.
    refused(
        parts,
        &Refused {
            id: format!("Denied{id}"),
            name: format!("denied-{name}"),
            description: format!(
                "Most requests for {name} are refused. If its secret is wrong, the vendor turns the webhook off."
            ),
            source: name,
            metric: "Denied",
            statistic: "Average",
            threshold: "0.5",
        },
    );
    // The authorizer counts only what it refuses.
    refused(
        parts,
        &Refused {
            id: format!("DeniedEarly{id}"),
            name: format!("denied-early-{name}"),
            description: format!(
                "The authorizer refuses requests for {name}. If its secret is wrong, the vendor turns the webhook off."
            ),
            source: name,
            metric: "AuthorizerDenied",
            statistic: "Sum",
            threshold: "5",
        },
    );
    let _ = write!(
        parts.outputs,
        "WebhookUrl{id}:
  Description: The webhook URL of {name}
  Value: !Join
    - \"\"
    - - !If
        - IsHttp
        - !Sub \"https://${{HttpApi}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}\"
        - !Sub \"https://${{RestApi}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/${{Stage}}\"
      - !If [HasApiPath, !Sub \"/${{ApiPath}}\", \"\"]
      - \"/{name}\"
"
    );
}

struct Refused<'a> {
    id: String,
    name: String,
    description: String,
    source: &'a str,
    metric: &'a str,
    statistic: &'a str,
    threshold: &'a str,
}

/// Twice in three quarters of an hour: a stray request alone is no alarm.
fn refused(parts: &mut Parts, alarm: &Refused<'_>) {
    let Refused { id, name, description, source, metric, statistic, threshold } = alarm;
    let _ = write!(
        parts.resources,
        "
{id}:
  Type: AWS::CloudWatch::Alarm
  Properties:
    AlarmName: !Sub \"${{Project}}-${{Service}}-${{Stage}}-{name}\"
    AlarmDescription: {description:?}
    AlarmActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref \"AWS::NoValue\"]
    OKActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref \"AWS::NoValue\"]
    Namespace: MozDefEventFramework
    MetricName: {metric}
    Dimensions:
      - {{ Name: Stack, Value: !Sub \"${{Project}}-${{Service}}-${{Stage}}\" }}
      - {{ Name: Source, Value: {source:?} }}
    Statistic: {statistic}
    Period: 900
    EvaluationPeriods: 3
    DatapointsToAlarm: 2
    ComparisonOperator: GreaterThanThreshold
    Threshold: {threshold}
    TreatMissingData: notBreaching
"
    );
}

/// A schedule as the scheduler takes it: in the largest unit that it is a multiple of.
fn rate(seconds: u64) -> String {
    let (unit, word) = [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")]
        .into_iter()
        .find(|(unit, _)| seconds.is_multiple_of(*unit))
        .unwrap_or((MINUTE, "minute"));
    match seconds.div_ceil(unit).max(1) {
        1 => format!("rate(1 {word})"),
        n => format!("rate({n} {word}s)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_written_in_the_largest_unit() {
        for (seconds, expected) in [
            (60, "rate(1 minute)"),
            (300, "rate(5 minutes)"),
            (3_600, "rate(1 hour)"),
            (5_400, "rate(90 minutes)"),
            (86_400, "rate(1 day)"),
            (172_800, "rate(2 days)"),
        ] {
            assert_eq!(rate(seconds), expected);
        }
    }
}
