//! The binary as a user meets it: what it prints where, and how it ends.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod explain;
mod files;
mod handshakes;
mod init;
mod one_index;
mod partitions;
mod presets;
mod pulls;
mod queue;
mod redrive;
mod reference;
mod render;
mod secrets;
mod serving;
mod store;
mod support;
