//! The framework on this machine: every port on one file, and what `mef run` and `mef demo` run on them.

pub(crate) mod captures;
pub(crate) mod live;
pub(crate) mod ports;
pub(crate) mod scheduler;
pub(crate) mod server;
pub(crate) mod signals;
mod streams;
mod wakeups;
