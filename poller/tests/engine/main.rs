//! The engine against a vendor that the test controls: the real poller, the
//! real pipeline and a real SQLite store, with only the network and the clock
//! in the test's hands.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod backfills;
mod errors;
mod failures;
mod hostile;
mod limits;
mod origins;
mod support;
mod tokens;
mod windows;
