//! The secrets and published keys that are at hand to judge a request by.
//!
//! `mef_auth` judges by what it is given, and does no I/O. Here it is got, kept and renewed.

pub(crate) mod key_cache;
pub(crate) mod live_secrets;
pub(crate) mod published_keys;
