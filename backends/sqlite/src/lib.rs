//! The embedded backend: every port on one SQLite file.
//!
//! It holds security events that were already acknowledged, so every commit is
//! on disk before it is reported (WAL, `synchronous=FULL`), and any SQLite tool
//! can look inside. Several processes may open the file: `mef run` beside `mef
//! events`. Writes of one process go through one thread that commits whatever
//! is waiting together, so that many webhooks share one flush of the disk.

mod backup;
mod blobs;
mod cursors;
mod dead_letters;
mod deliveries;
mod file;
mod health;
mod limits;
mod queue;
mod secrets;
mod store;
mod time;
mod tokens;

pub use backup::BackupError;
pub use file::open_error::OpenError;
pub use queue::QueuedEvent;
pub use secrets::LocalSecrets;
pub use store::{Counts, Store};
