//! The backend on what stands in for AWS.
//!
//! Run it by `tests/aws/emulator.py`, which starts the emulator and names it in
//! `MEF_AWS_ENDPOINT`. Each test has queues, a table, a bucket and parameters of
//! its own.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod config;
mod conformance;
mod dead_letters;
mod moved;
mod queue;
mod secrets;
mod support;
mod table;
mod wakeups;
