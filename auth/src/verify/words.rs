//! The words that reasons use for the kinds of things that a check reads.

use std::fmt;

use mef_source::checked::{Encoding, KeyEncoding, PublicKeyAlgorithm, TimeUnit};

/// Names who has the keys, with the verb that follows.
pub(super) fn key_source(secrets: &[String], many: &str, one: &str) -> String {
    match secrets {
        [] => format!("the vendor's published keys {many}"),
        secrets => format!("{} {one}", listed(secrets)),
    }
}

pub(super) fn public_key_name(algorithm: PublicKeyAlgorithm) -> &'static str {
    match algorithm {
        PublicKeyAlgorithm::Ed25519 => "a public key of Ed25519",
        PublicKeyAlgorithm::EcdsaP256Sha256 => "a public key of ECDSA with P-256",
        PublicKeyAlgorithm::RsaSha256 | PublicKeyAlgorithm::RsaSha512 => {
            "a public key of RSA with 2048 to 8192 bits"
        }
    }
}

pub(super) fn under(keys: &[String]) -> String {
    if keys.is_empty() { String::new() } else { format!(" under {}", listed(keys)) }
}

pub(super) fn listed(names: &[impl fmt::Display]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}

pub(super) fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Hex => "hexadecimal",
        Encoding::Base64 => "base64",
        Encoding::Base64url => "base64 with the URL alphabet",
    }
}

pub(super) fn key_encoding_name(encoding: KeyEncoding) -> &'static str {
    match encoding {
        KeyEncoding::Utf8 => "text",
        KeyEncoding::Base64 => "base64",
        KeyEncoding::Hex => "hexadecimal",
    }
}

pub(super) fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::S => "a plain number of seconds since the epoch",
        TimeUnit::Ms => "a plain number of milliseconds since the epoch",
        TimeUnit::Rfc3339 => "a moment as RFC 3339",
    }
}
