//! Sources tried out without a network: one webhook for `mef explain`, whole tests for `mef test`.
//!
//! The receiver and the poller are the real ones. Their ports are not: the store is in memory, the clock
//! stands still, and a file plays the vendor.

pub(crate) mod captured;
mod clock;
mod exchanges;
pub(crate) mod poll;
pub(crate) mod ports;
mod published_keys;
pub(crate) mod webhook;
