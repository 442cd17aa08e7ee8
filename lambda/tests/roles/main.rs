//! The roles over a package of source files and the embedded store: what a
//! gateway or a schedule hands over, and what comes of it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod authorizer;
mod captures;
mod handler;
mod handshakes;
mod original;
mod poller;
mod redrive;
mod support;
