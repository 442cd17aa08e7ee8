//! JSON log lines on stderr, with every known secret masked.
//!
//! Lambda filters them by the keys `level` and `timestamp`.

use std::io;

use mef_auth::{RedactingWriter, Redactor};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Crates whose detailed lines hold whole events, headers and bodies.
const QUIET: [&str; 6] = [
    "lambda_runtime",
    "lambda_runtime_api_client",
    "hyper",
    "hyper_util",
    "aws_smithy_runtime",
    "aws_sdk_sqs",
];

/// Starts logging by `filter`: a level, or crates with their levels.
pub(crate) fn start(filter: &str, redactor: &Redactor) {
    let redactor = redactor.clone();
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_writer(move || RedactingWriter::new(&redactor, io::stderr()));
    // `EnvFilter` would compile regular expressions at the start.
    let filter: Targets =
        filter.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let filter =
        QUIET.iter().fold(filter, |filter, name| filter.with_target(*name, LevelFilter::INFO));
    // A second start, as in tests, keeps the first.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}
