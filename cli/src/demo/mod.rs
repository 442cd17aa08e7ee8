//! `mef demo`: the whole pipeline on this machine, for the first five minutes.
//!
//! A sample vendor is started as a real HTTP server on loopback. The code that polls it, takes its
//! webhooks and queues the events is that of `mef run`: only the vendor is made up.

mod folder;
mod run;
mod sender;
pub mod vendor;

pub(crate) use run::run;
