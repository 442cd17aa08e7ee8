//! The embedded backend: every port on one SQLite file.
//!
//! It holds security events that were already acknowledged, so every commit is
//! on disk before it is reported (WAL, `synchronous=FULL`), and any SQLite tool
//! can look inside. Several processes may open the file: `mef run` beside `mef
//! events`. Writes of one process go through one thread that commits whatever
//! is waiting together, so that many webhooks share one flush of the disk.

mod blobs;
mod cursors;
mod dead_letters;
mod deliveries;
mod health;
mod limits;
mod queue;
mod reader;
mod schema;
mod secrets;
mod store;
mod time;
mod tokens;
mod writer;

pub use queue::QueuedEvent;
pub use schema::OpenError;
pub use secrets::LocalSecrets;
pub use store::{Counts, Store};
