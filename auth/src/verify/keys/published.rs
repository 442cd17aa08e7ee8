//! Keys that a vendor publishes: read once, when they are fetched.
//!
//! Nothing is fetched here. [`wanted_keys`](crate::verify::wanted_keys()) tells
//! the caller which documents a request needs. The caller brings those it has with
//! the secrets, and answers 503 itself if it cannot get one: a check whose keys
//! are not there fails.

use std::fmt;

use url::Url;

use super::certificate::Certificate;
use super::jwk::JwkSet;

/// What is published under a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// A JSON Web Key Set (RFC 7517 §5).
    Jwks,
    /// A certificate (RFC 5280) as PEM.
    Certificate,
}

/// Where keys are published.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeySource {
    /// The URL: from the source file, or on a host that the file pins.
    pub url: Url,
    /// What is there.
    pub kind: KeyKind,
}

impl fmt::Display for KeySource {
    /// Leaves out the query, which may hold a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.url.origin().ascii_serialization(), self.url.path())
    }
}

/// A document with keys, parsed.
#[derive(Debug)]
pub struct KeyDocument(pub(crate) Keys);

#[derive(Debug)]
pub(crate) enum Keys {
    Jwks(JwkSet),
    Certificate(Certificate),
}

/// Why a document holds no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyDocumentError {
    /// It is not a set, or no key in it can verify.
    #[error("it is no JSON Web Key Set with a usable key")]
    Jwks,
    /// It is not a certificate, or not as PEM.
    #[error("it is no certificate as PEM")]
    Certificate,
}

impl KeyDocument {
    /// Parses what was found under a URL. Keys of an unknown kind are skipped, as
    /// RFC 7517 §5 asks.
    ///
    /// # Errors
    ///
    /// Fails if there is no key in it.
    pub fn parse(kind: KeyKind, bytes: &[u8]) -> Result<KeyDocument, KeyDocumentError> {
        let keys = match kind {
            KeyKind::Jwks => JwkSet::parse(bytes).map(Keys::Jwks).ok_or(KeyDocumentError::Jwks),
            KeyKind::Certificate => Certificate::parse(bytes)
                .map(Keys::Certificate)
                .ok_or(KeyDocumentError::Certificate),
        };
        keys.map(KeyDocument)
    }
}
