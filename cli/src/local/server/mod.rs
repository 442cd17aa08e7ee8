//! The HTTP server that takes webhooks on this machine.
//!
//! Anybody can connect to it, so each of its waits has an end, and its connections and the bodies that it
//! holds are bounded: a sender that
//! says half a request must keep nobody else out, and nothing may keep the process from stopping. What a
//! request means is no concern of this folder: it asks `mef_intake`. Every request that is refused here,
//! before a source sees it, leaves a line in the log.

mod connection;
mod exchange;
mod framing;
mod health;
mod house;
pub(crate) mod limits;
pub(crate) mod listener;
pub(crate) mod receivers;
mod refusals;
mod room;
#[cfg(test)]
mod tests;
mod timed;
mod turn;
