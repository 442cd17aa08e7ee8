//! What a run does with a stream besides leading from page to page.
//!
//! `context` is the run itself. It sets up, delivers pages, fetches the details of items, notices a
//! vendor that leads in a circle, and ends with a report; `behind` says how bad it is. The page loops of `stream` and the runs of
//! `run` are built on it.

pub(crate) mod behind;
pub(crate) mod context;
pub(crate) mod delivery;
pub(crate) mod details;
pub(crate) mod gone;
pub(crate) mod job;
pub(crate) mod loop_guard;
pub(crate) mod part;
pub(crate) mod report;
pub(crate) mod same_request;
pub(crate) mod setup;
pub(crate) mod tally;
pub(crate) mod unasked;
