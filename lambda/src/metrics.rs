//! The metrics of an invocation, as one line in CloudWatch's embedded metric format.
//!
//! The line is an interface: alarms and the dashboard of the template use its names, units and dimensions.
//! Each metric costs money by the month, however little is in it. So there are few, of the stack as a whole, and a zero
//! is not sent where nothing means the same. Those of each source come with `SourceMetrics`; then only a source of the
//! package becomes a dimension, never a name that somebody sent. Of which source a line is, it says in any case.

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
    /// Webhook: requests that were refused as most of their source were that this process has seen lately.
    MostlyDenied,
    /// Webhook: requests that are for no source, or that no source takes: their path, method, size or
    /// empty body.
    NotTaken,
    /// Webhook: requests that were told to try again, since a store is away.
    Unavailable,
    /// Webhook: how long a request took.
    DurationMs,
    /// Authorizer: requests for a source that it refused.
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
    /// Poller: by how much the source is further behind than it may be, or fails for longer.
    BehindSeconds,
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
            Metric::LagSeconds | Metric::LateMaxSeconds | Metric::BehindSeconds => "Seconds",
            _ => "Count",
        }
    }

    /// Returns whether it is a metric of the stack: an alarm or the dashboard shows it.
    fn is_of_stack(self) -> bool {
        matches!(
            self,
            Metric::Accepted
                | Metric::Denied
                | Metric::MostlyDenied
                | Metric::NotTaken
                | Metric::Unavailable
                | Metric::AuthorizerDenied
                | Metric::Delivered
                | Metric::LimitWaits
                | Metric::BehindSeconds
        )
    }

    /// Returns whether 0 says more of a source than nothing does: an average or a least value is taken of it.
    fn counts_at_zero(self) -> bool {
        matches!(self, Metric::Denied | Metric::Failed | Metric::LagSeconds)
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

    /// Returns the line, for the deployment `stack` at `now`, with the metrics of the source if they are to be
    /// `by_source`; `None` if there is nothing to say.
    pub fn line(&self, stack: &str, by_source: bool, now: Timestamp) -> Option<String> {
        let of_stack = |(metric, value): &&(Metric, i64)| metric.is_of_stack() && *value != 0;
        let of_source = |(metric, value): &&(Metric, i64)| {
            by_source && (*value != 0 || metric.counts_at_zero())
        };
        let directive = |dimensions: &[&str], values: Vec<&(Metric, i64)>| {
            let metrics: Vec<_> = values
                .into_iter()
                .map(|(metric, _)| json!({ "Name": metric.name(), "Unit": metric.unit() }))
                .collect();
            (!metrics.is_empty()).then(|| {
                json!({ "Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics })
            })
        };
        let directives: Vec<_> = [
            directive(&["Stack"], self.values.iter().filter(of_stack).collect()),
            directive(&["Stack", "Source"], self.values.iter().filter(of_source).collect()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if directives.is_empty() {
            return None;
        }
        let source = self.source.as_ref().map_or(NO_SOURCE, SourceName::as_str);
        let mut line = Map::new();
        line.insert(
            "_aws".to_owned(),
            json!({ "Timestamp": now.as_millisecond(), "CloudWatchMetrics": directives }),
        );
        line.insert("Stack".to_owned(), stack.into());
        line.insert("Source".to_owned(), source.into());
        for value in self.values.iter().filter(|value| of_stack(value) || of_source(value)) {
            line.insert(value.0.name(), value.1.into());
        }
        Some(Value::Object(line).to_string())
    }

    /// Writes the line to stdout, where CloudWatch reads it.
    ///
    /// # Errors
    ///
    /// Fails if stdout is closed.
    pub fn write(&self, stack: &str, by_source: bool, now: Timestamp) -> io::Result<()> {
        let Some(line) = self.line(stack, by_source, now) else { return Ok(()) };
        io::stdout().lock().write_all((line + "\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(metrics: &Metrics, by_source: bool) -> Option<Value> {
        let now = Timestamp::from_millisecond(1_795_514_400_123).unwrap();
        let line = metrics.line("MozDef-EF-saas-prod", by_source, now)?;
        assert!(!line.contains('\n'));
        Some(serde_json::from_str(&line).unwrap())
    }

    #[test]
    fn the_line_is_cloudwatchs_embedded_metric_format() {
        let metrics = Metrics::of(SourceName::new("github"))
            .with(Metric::Accepted, 1_u64)
            .with(Metric::Rejected, 2_u64)
            .with(Metric::Denied, 0_u64);
        let of_stack = json!({
            "Namespace": "MozDefEventFramework",
            "Dimensions": [["Stack"]],
            "Metrics": [{ "Name": "Accepted", "Unit": "Count" }],
        });
        let expected = json!({
            "_aws": { "Timestamp": 1_795_514_400_123_i64, "CloudWatchMetrics": [of_stack.clone()] },
            "Stack": "MozDef-EF-saas-prod",
            "Source": "github",
            "Accepted": 1,
        });
        assert_eq!(line(&metrics, false), Some(expected));
        let of_source = json!({
            "Namespace": "MozDefEventFramework",
            "Dimensions": [["Stack", "Source"]],
            "Metrics": [
                { "Name": "Accepted", "Unit": "Count" },
                { "Name": "Rejected", "Unit": "Count" },
                { "Name": "Denied", "Unit": "Count" },
            ],
        });
        let expected = json!({
            "_aws": { "Timestamp": 1_795_514_400_123_i64, "CloudWatchMetrics": [of_stack, of_source] },
            "Stack": "MozDef-EF-saas-prod",
            "Source": "github",
            "Accepted": 1,
            "Rejected": 2,
            "Denied": 0,
        });
        assert_eq!(line(&metrics, true), Some(expected));
    }

    #[test]
    fn what_has_nothing_to_say_writes_no_line() {
        let idle = Metrics::of(SourceName::new("okta"))
            .with(Metric::Requests, 1_u64)
            .with(Metric::Delivered, 0_u64)
            .with(Metric::LagSeconds, 60_i64)
            .with(Metric::Failed, 0_u64);
        assert_eq!(line(&idle, false), None);
        let by_source = line(&idle, true).unwrap();
        assert_eq!((&by_source["LagSeconds"], &by_source["Failed"]), (&60.into(), &0.into()));
        assert_eq!(by_source.get("Delivered"), None);
    }

    #[test]
    fn no_source_is_no_sources_name() {
        assert!(SourceName::new(NO_SOURCE).is_none());
        let line = line(&Metrics::of(None).with(Metric::NotTaken, 1), false).unwrap();
        assert_eq!(line["Source"], "-");
    }
}
