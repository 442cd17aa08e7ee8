//! What a record is recognised by.

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;

use crate::news::seen::twins::Content;

/// What a record is recognised by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// A hash of its id and time, or of all of it.
    pub(crate) hash: u64,
    /// What tells it from others with the same hash.
    pub(crate) content: Content,
}

/// A record that is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// What it is known by when it is delivered.
    pub(crate) hash: u64,
    /// Its number among those that share its key, from 0.
    pub(crate) number: u32,
}

/// Returns the hash of a record's id and time. A record that the vendor changes and gives a new
/// time is new.
pub(crate) fn hash(id: &str, time: Option<Timestamp>) -> u64 {
    let mut context = Context::new(&SHA256);
    context.update(&time.map_or(i128::MIN, Timestamp::as_nanosecond).to_be_bytes());
    context.update(id.as_bytes());
    let digest = context.finish();
    digest.as_ref().iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

/// Returns what the record with this number among those of `key` is known by.
pub(crate) fn numbered(key: u64, number: u32) -> u64 {
    if number == 0 { key } else { hash(&format!("{key}~{number}"), None) }
}
