//! The backend with a stand-in for AWS that does what no emulator does: it fails
//! as a test wants, or holds what an earlier version stored.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cursors;
mod dead_letters;
mod queue;
mod repeats;
mod secrets;
mod stand_in;
mod stored;
mod wakeups;
