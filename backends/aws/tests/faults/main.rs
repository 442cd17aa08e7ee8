//! The backend when AWS fails: with a stand-in for one service that fails as a
//! test wants, which no emulator does.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conflicts;
mod dead_letters;
mod queue;
mod repeats;
mod secrets;
mod stand_in;
mod wakeups;
