//! What each source adds to the stack.

use std::fmt::Write as _;
use std::sync::Arc;

use mef_source::Source;
use mef_source::checked::Poll;

use super::names::logical_id;
use super::policies;
use super::template::Parts;
use super::throttle::Throttle;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// The longest time that an alarm can look back.
const LONGEST_PERIOD: u64 = 7 * DAY;
/// The shortest time without a run that means something: log lines become metrics with some delay.
const SHORTEST_PERIOD: u64 = 15 * MINUTE;
/// How long a run can take: Lambda ends it then.
const LONGEST_RUN: u64 = 15 * MINUTE;

/// Returns everything that `sources` add; they must be sorted by name.
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
    unpolled(&mut parts, sources);
    let pushed = sources.iter().filter(|source| source.webhook.is_some()).count();
    let Throttle { rate, burst } = Throttle::of(pushed);
    parts.mappings = format!(
        "Throttle:\n  Sources: {{ Rate: {rate}, Burst: {burst} }}\nBehind:\n  Sources: {{ Period: {period} }}\n",
        period = behind(sources),
    );
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
      Arn: !Ref PollerAlias
      DeadLetterConfig: {{ Arn: !GetAtt ScheduleDeadLetterQueue.Arn }}
      Input: '{{\"source\":\"{name}\"}}'
      RetryPolicy: {{ MaximumEventAgeInSeconds: {age}, MaximumRetryAttempts: 3 }}
      RoleArn: !GetAtt ScheduleRole.Arn
",
        rate = rate(schedule),
        // After that, the next tick does the same.
        age = schedule.clamp(MINUTE, HOUR),
    );
    let two_runs = schedule.saturating_mul(2).next_multiple_of(MINUTE);
    let every = Alarm {
        source: name,
        paused: Some(id),
        period: two_runs.clamp(SHORTEST_PERIOD, LONGEST_PERIOD),
        // No data for two runs means that nobody pulls, if an alarm can look back that far.
        missing: if two_runs <= LONGEST_PERIOD { "breaching" } else { "ignore" },
        ..Alarm::default()
    };
    let alarm = match poll.most_lag().map(|most| most.as_secs()) {
        Some(limit) => Alarm {
            id: format!("Lag{id}"),
            name: format!("lag-{name}"),
            description: format!("{name} is more than {limit} s behind, or is not read."),
            metric: "LagSeconds",
            statistic: "Maximum",
            threshold: limit.to_string(),
            ..every
        },
        None => Alarm {
            id: format!("Failing{id}"),
            name: format!("failing-{name}"),
            description: format!("Every run of {name} fails, or it is not read at all."),
            metric: "Failed",
            statistic: "Minimum",
            comparison: "GreaterThanOrEqualToThreshold",
            threshold: "1".to_owned(),
            ..every
        },
    };
    alarm.write(parts);
}

/// Adds the alarm of a stack that pulls nothing at all: what a function measures of itself cannot tell that it is
/// never called. It looks at the sources that are pulled most often.
fn unpolled(parts: &mut Parts, sources: &[Arc<Source>]) {
    let pulled =
        || sources.iter().filter_map(|source| Some((source, source.poll.as_ref()?.schedule)));
    let Some(shortest) = pulled().map(|(_, schedule)| schedule).min() else { return };
    let paused = pulled()
        .filter(|(_, schedule)| *schedule == shortest)
        .map(|(source, _)| format!("Paused{}", logical_id(source.name.as_str())));
    let two_runs = shortest.as_secs().saturating_mul(2).next_multiple_of(MINUTE);
    let condition = all(parts, "FrequentPaused", paused.collect());
    let missing = if two_runs <= LONGEST_PERIOD { "breaching" } else { "ignore" };
    // Writing to a String does not fail.
    let _ = write!(
        parts.resources,
        "
UnpolledAlarm:
  Type: AWS::CloudWatch::Alarm
  Properties:
    AlarmName: !Sub \"${{Project}}-${{Service}}-${{Stage}}-unpolled\"
    AlarmDescription: The poller is not called any more, so that no source is pulled.
    ActionsEnabled: !If [{condition}, false, true]
    AlarmActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref \"AWS::NoValue\"]
    OKActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref \"AWS::NoValue\"]
    Namespace: AWS/Lambda
    MetricName: Invocations
    Dimensions: [{{ Name: FunctionName, Value: !Ref PollerFunction }}]
    Statistic: Sum
    Period: {period}
    EvaluationPeriods: 1
    ComparisonOperator: LessThanThreshold
    Threshold: 1
    TreatMissingData: {missing}
",
        period = two_runs.clamp(SHORTEST_PERIOD, LONGEST_PERIOD),
    );
}

/// Returns the period of the alarm of the source that is furthest behind. A source says only once a run that it is
/// behind: with a shorter period the alarm would go back between two runs of the one that is pulled least often.
fn behind(sources: &[Arc<Source>]) -> u64 {
    let schedules =
        sources.iter().filter_map(|source| Some(source.poll.as_ref()?.schedule.as_secs()));
    let longest = schedules.max().unwrap_or_default();
    let from_end_to_end = longest.saturating_add(LONGEST_RUN).next_multiple_of(MINUTE);
    from_end_to_end.clamp(HOUR, LONGEST_PERIOD)
}

/// Returns the name of a condition that holds where all of `conditions` do. `Fn::And` takes ten at most.
fn all(parts: &mut Parts, name: &str, mut conditions: Vec<String>) -> String {
    const MOST: usize = 10;
    let mut number = 0;
    while conditions.len() > 1 {
        let mut joined = Vec::new();
        for some in conditions.chunks(MOST) {
            let [one] = some else {
                number += 1;
                let list: Vec<_> = some.iter().map(|one| format!("!Condition {one}")).collect();
                let _ = writeln!(parts.conditions, "{name}{number}: !And [{}]", list.join(", "));
                joined.push(format!("{name}{number}"));
                continue;
            };
            joined.push(one.clone());
        }
        conditions = joined;
    }
    conditions.pop().unwrap_or_default()
}

struct Alarm<'a> {
    id: String,
    name: String,
    description: String,
    source: &'a str,
    /// The condition under which there is something to watch, and somebody wants it of each source.
    condition: &'a str,
    /// The logical id of the source whose pause silences it.
    paused: Option<&'a str>,
    metric: &'a str,
    statistic: &'a str,
    comparison: &'a str,
    threshold: String,
    /// In seconds.
    period: u64,
    /// How many periods it looks at, and how many of them must be bad; one of one if `None`.
    bad: Option<(u32, u32)>,
    missing: &'a str,
}

impl Default for Alarm<'_> {
    fn default() -> Self {
        Alarm {
            id: String::new(),
            name: String::new(),
            description: String::new(),
            source: "",
            condition: "HasSourceMetrics",
            paused: None,
            metric: "",
            statistic: "",
            comparison: "GreaterThanThreshold",
            threshold: String::new(),
            period: SHORTEST_PERIOD,
            bad: None,
            missing: "notBreaching",
        }
    }
}

impl Alarm<'_> {
    fn write(&self, parts: &mut Parts) {
        let Alarm { id, name, description, source, metric, statistic, .. } = self;
        let Alarm { condition, comparison, threshold, period, missing, .. } = self;
        let paused =
            self.paused.map(|id| format!("    ActionsEnabled: !If [Paused{id}, false, true]\n"));
        let paused = paused.unwrap_or_default();
        let periods = match self.bad {
            None => "EvaluationPeriods: 1".to_owned(),
            Some((of, bad)) => format!("EvaluationPeriods: {of}\n    DatapointsToAlarm: {bad}"),
        };
        let _ = write!(
            parts.resources,
            "
{id}:
  Type: AWS::CloudWatch::Alarm
  Condition: {condition}
  Properties:
    AlarmName: !Sub \"${{Project}}-${{Service}}-${{Stage}}-{name}\"
    AlarmDescription: {description:?}
{paused}    AlarmActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref \"AWS::NoValue\"]
    OKActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref \"AWS::NoValue\"]
    Namespace: MozDefEventFramework
    MetricName: {metric}
    Dimensions:
      - {{ Name: Stack, Value: !Sub \"${{Project}}-${{Service}}-${{Stage}}\" }}
      - {{ Name: Source, Value: {source:?} }}
    Statistic: {statistic}
    Period: {period}
    {periods}
    ComparisonOperator: {comparison}
    Threshold: {threshold}
    TreatMissingData: {missing}
"
        );
    }
}

fn pushed(parts: &mut Parts, name: &str, id: &str) {
    let refused = |kind: &str, what: String| Alarm {
        id: format!("{kind}{id}"),
        description: format!("{what} If its secret is wrong, the vendor turns the webhook off."),
        source: name,
        // Twice in three quarters of an hour: one stray request is no alarm.
        bad: Some((3, 2)),
        ..Alarm::default()
    };
    let late = Alarm {
        name: format!("denied-{name}"),
        // The handler counts 0 or 1 per request, so the average is the share.
        metric: "Denied",
        statistic: "Average",
        threshold: "0.5".to_owned(),
        ..refused("Denied", format!("Most requests for {name} are refused."))
    };
    late.write(parts);
    let early = Alarm {
        name: format!("denied-early-{name}"),
        condition: "HasSourceMetricsOfAuthorizer",
        // The authorizer counts only what it refuses.
        metric: "AuthorizerDenied",
        statistic: "Sum",
        threshold: "5".to_owned(),
        ..refused("DeniedEarly", format!("The authorizer refuses requests for {name}."))
    };
    early.write(parts);
    let _ = write!(
        parts.outputs,
        "WebhookUrl{id}:
  Description: The webhook URL of {name}
  Value: !Join
    - \"\"
    - - !If
        - HasPublicUrl
        - !Ref PublicUrl
        - !If
          - HasDomain
          - !Sub \"https://${{DomainName}}\"
          - !If
            - IsHttp
            - !Sub \"https://${{HttpApi}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}\"
            - !If
              - IsRest
              - !Sub \"https://${{RestApi}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/${{Stage}}\"
              - !Join [\"\", [\"https://\", !Select [2, !Split [\"/\", !GetAtt HandlerUrl.FunctionUrl]]]]
      - !If [HasApiPath, !Sub \"/${{ApiPath}}\", \"\"]
      - \"/{name}\"
"
    );
}

/// Returns the schedule's expression, in the largest unit that divides it.
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
    fn a_condition_of_many_joins_ten_at_a_time() {
        let names = |count: usize| (0..count).map(|n| format!("P{n}")).collect::<Vec<_>>();
        let mut parts = Parts::default();
        assert_eq!(all(&mut parts, "All", names(1)), "P0");
        assert_eq!(parts.conditions, "");
        assert_eq!(all(&mut parts, "All", names(21)), "All3");
        let lines: Vec<_> = parts.conditions.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[2], "All3: !And [!Condition All1, !Condition All2, !Condition P20]");
        assert!(lines.iter().all(|line| line.matches("!Condition").count() <= 10));
    }

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
