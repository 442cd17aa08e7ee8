//! Digests as vendors write them into what they sign.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::sha256::sha256_hex;

/// A digest, and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestText {
    /// SHA-256 in lower-case hexadecimal.
    Sha256Hex,
    /// SHA-256 in base64, with padding.
    Sha256Base64,
    /// CRC-32 (ISO 3309, as zlib and PNG have it) as a decimal number. It protects from nothing by itself.
    Crc32,
}

impl DigestText {
    /// Returns the digest of `bytes`.
    pub fn of(self, bytes: &[u8]) -> String {
        match self {
            DigestText::Sha256Hex => sha256_hex(bytes),
            DigestText::Sha256Base64 => STANDARD.encode(digest(&SHA256, bytes)),
            DigestText::Crc32 => crc32fast::hash(bytes).to_string(),
        }
    }

    /// Returns the name of its filter.
    pub fn name(self) -> &'static str {
        match self {
            DigestText::Sha256Hex => "sha256_hex",
            DigestText::Sha256Base64 => "sha256_base64",
            DigestText::Crc32 => "crc32",
        }
    }
}
