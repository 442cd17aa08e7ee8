//! The metrics of an invocation, as one line in CloudWatch's embedded metric format.
//!
//! The line is an interface: alarms and the dashboard of the template use its names, units and dimensions.
//! Each value of a dimension is a metric that costs money, so only a source of the package becomes one,
//! never a name that somebody sent.

use std::io::{self, Write as _};

use jiff::Timestamp;
use mef_source::SourceName;
use serde_json::{Map, Value, json};

const NAMESPACE: &str = "MozDefEventFramework";
/// Stands for no source; no source can have this name.
const NO_SOURCE: &str = "-";

/// What is counted or measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Webhook: requests whose records are all in the queue or rejected.
    Accepted,
    /// Webhook and poller: records in the rejected queue.
    Rejected,
    /// Webhook: requests that were done before.
    Duplicate,
    /// Webhook: handshakes that were answered.
    Handshake,
    /// Webhook: requests that are not authentic.
    Denied,
    /// Webhook: requests that are for no source, or that no source takes: their path, method, size or
    /// empty body.
    NotTaken,
    /// Webhook: requests that were told to try again, since a store is away.
    Unavailable,
    /// Webhook: how long a request took.
    DurationMs,
    /// Authorizer: requests that it refused.
    AuthorizerDenied,
    /// Poller: requests made.
    Requests,
    /// Poller: pages read.
    Pages,
    /// Poller: records on those pages.
    Records,
    /// Poller: events that the queue took.
    Delivered,
    /// Poller: records dropped because they had been delivered before.
    Duplicates,
    /// Poller: records that came after the cursor had passed their time.
    Late,
    /// Poller: how far behind the cursor the latest of those was.
    LateMaxSeconds,
    /// Poller: records without a time that can be read.
    Untimed,
    /// Poller: listed items whose details the vendor no longer had.
    Gone,
    /// Poller: runs that ended at the vendor's limit.
    LimitWaits,
    /// Poller: how long the runs waited for the vendor's limit, or will wait.
    LimitWaitMs,
    /// Poller: ids forgotten because the dedupe set was full.
    DedupeOverflow,
    /// Poller: how far the cursor is behind.
    LagSeconds,
    /// Poller: runs that failed.
    Failed,
    /// Redrive: letters that are settled.
    Redriven,
    /// Redrive: letters that were rejected again, in whole or in part.
    RefusedAgain,
}

impl Metric {
    fn name(self) -> String {
        format!("{self:?}")
    }

    fn unit(self) -> &'static str {
        match self {
            Metric::DurationMs | Metric::LimitWaitMs => "Milliseconds",
            Metric::LagSeconds | Metric::LateMaxSeconds => "Seconds",
            _ => "Count",
        }
    }
}

/// The metrics of one invocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    source: Option<SourceName>,
    values: Vec<(Metric, i64)>,
}

impl Metrics {
    /// Returns empty metrics, about a source of the package or none.
    pub fn of(source: Option<SourceName>) -> Metrics {
        Metrics { source, values: Vec::new() }
    }

    /// Adds a value.
    pub fn with(mut self, metric: Metric, value: impl TryInto<i64>) -> Metrics {
        self.values.push((metric, value.try_into().unwrap_or(i64::MAX)));
        self
    }

    /// Returns the value of `metric`, if it was measured.
    pub fn get(&self, metric: Metric) -> Option<i64> {
        self.values.iter().find(|(known, _)| *known == metric).map(|(_, value)| *value)
    }

    /// Returns the source that they are about.
    pub fn source(&self) -> Option<&SourceName> {
        self.source.as_ref()
    }

    /// Returns the line, for the deployment `stack` at `now`.
    pub fn line(&self, stack: &str, now: Timestamp) -> String {
        let source = self.source.as_ref().map_or(NO_SOURCE, SourceName::as_str);
        let metrics: Vec<_> = self
            .values
            .iter()
            .map(|(metric, _)| json!({ "Name": metric.name(), "Unit": metric.unit() }))
            .collect();
        let mut line = Map::new();
        line.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": [["Stack", "Source"]],
                    "Metrics": metrics,
                }],
            }),
        );
        line.insert("Stack".to_owned(), stack.into());
        line.insert("Source".to_owned(), source.into());
        for (metric, value) in &self.values {
            line.insert(metric.name(), (*value).into());
        }
        Value::Object(line).to_string()
    }

    /// Writes the line to stdout, where CloudWatch reads it.
    ///
    /// # Errors
    ///
    /// Fails if stdout is closed.
    pub fn write(&self, stack: &str, now: Timestamp) -> io::Result<()> {
        let line = self.line(stack, now) + "\n";
        io::stdout().lock().write_all(line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_cloudwatchs_embedded_metric_format() {
        let now = Timestamp::from_millisecond(1_795_514_400_123).unwrap();
        let line = Metrics::of(SourceName::new("github"))
            .with(Metric::Accepted, 1_u64)
            .with(Metric::DurationMs, 12_u64)
            .with(Metric::LagSeconds, -3_i64)
            .line("MozDef-EF-saas-prod", now);
        assert!(!line.contains('\n'));
        let line: Value = serde_json::from_str(&line).unwrap();
        let expected = json!({
            "_aws": {
                "Timestamp": 1_795_514_400_123_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "MozDefEventFramework",
                    "Dimensions": [["Stack", "Source"]],
                    "Metrics": [
                        { "Name": "Accepted", "Unit": "Count" },
                        { "Name": "DurationMs", "Unit": "Milliseconds" },
                        { "Name": "LagSeconds", "Unit": "Seconds" },
                    ],
                }],
            },
            "Stack": "MozDef-EF-saas-prod",
            "Source": "github",
            "Accepted": 1,
            "DurationMs": 12,
            "LagSeconds": -3,
        });
        assert_eq!(line, expected);
    }

    #[test]
    fn no_source_is_no_sources_name() {
        assert!(SourceName::new(NO_SOURCE).is_none());
        let line = Metrics::of(None).with(Metric::AuthorizerDenied, 1).line("s", Timestamp::MIN);
        assert!(line.contains(r#""Source":"-""#), "{line}");
    }
}
