//! How the text of a secret becomes a key.

use crate::written::{self, KeyEncoding};

/// How a secret becomes the key.
#[derive(Clone, Debug)]
pub struct Key {
    /// How the key is written.
    pub encoding: KeyEncoding,
    /// The prefix before it.
    pub strip_prefix: Option<String>,
}

impl Key {
    pub(crate) fn of(written: &written::Key) -> Key {
        Key { encoding: written.encoding, strip_prefix: written.strip_prefix.clone() }
    }
}
