//! The hashes that a source file can name, and the keys of their HMACs.

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use mef_ports::Secret;
use mef_source::checked::{Hash, Key, KeyEncoding};

/// Returns the algorithm of a plain hash.
pub(crate) fn algorithm(hash: Hash) -> &'static digest::Algorithm {
    match hash {
        Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &digest::SHA256,
        Hash::Sha512 => &digest::SHA512,
    }
}

/// Makes the key of an HMAC out of a secret's bytes.
pub(crate) fn hmac_key(hash: Hash, key: &[u8]) -> hmac::Key {
    let algorithm = match hash {
        Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha512 => hmac::HMAC_SHA512,
    };
    hmac::Key::new(algorithm, key)
}

/// Returns the SHA-256 of `bytes` in hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// Returns a secret's text without the prefix that the source file names.
///
/// The prefix may be missing: a vendor's console shows it, but whoever stored
/// the secret may have left it out.
pub(crate) fn without_prefix<'s>(secret: &'s Secret, written: &Key) -> &'s str {
    let text = secret.expose();
    let prefix = written.strip_prefix.as_deref();
    prefix.and_then(|prefix| text.strip_prefix(prefix)).unwrap_or(text)
}

/// Decodes the text of a key; `None` if it is not in that encoding.
pub(crate) fn key_bytes(text: &str, encoding: KeyEncoding) -> Option<Vec<u8>> {
    match encoding {
        KeyEncoding::Utf8 => Some(text.as_bytes().to_vec()),
        KeyEncoding::Base64 => STANDARD_PAD_INDIFFERENT.decode(text).ok(),
        KeyEncoding::Hex => hex::decode(text).ok(),
    }
}
