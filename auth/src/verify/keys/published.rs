//! Keys that a vendor publishes: read once, when they are fetched.
//!
//! Nothing is fetched here. The caller is told which documents a request needs
//! by [`wanted_keys`], brings what it has of them with the secrets, and
//! answers 503 itself when it cannot have one: a check whose keys are not
//! there fails.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use mef_source::checked::{Check, JwtKeys, Webhook};
use url::Url;

use super::certificate::Certificate;
use super::jwk::JwkSet;
use crate::Request;
use crate::verify::checks::aws_sns;
use crate::verify::checks::jwt;

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
    /// The URL: one of the source file, or one of a host that it pins.
    pub url: Url,
    /// What is there.
    pub kind: KeyKind,
}

impl fmt::Display for KeySource {
    /// Without the query, which may hold a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.url.origin().ascii_serialization(), self.url.path())
    }
}

/// A document with keys, understood.
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
    /// Not a set, or nothing in it can verify.
    #[error("it is no JSON Web Key Set with a usable key")]
    Jwks,
    /// Not a certificate, or not as PEM.
    #[error("it is no certificate as PEM")]
    Certificate,
}

impl KeyDocument {
    /// Understands what was found under a URL. Keys of a kind that is not known
    /// are passed over, as RFC 7517 §5 asks.
    ///
    /// # Errors
    ///
    /// When there is no key in it.
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

/// The documents that are at hand, by their source.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyDocuments(BTreeMap<Url, Arc<KeyDocument>>);

impl KeyDocuments {
    pub(crate) fn insert(&mut self, source: &KeySource, document: Arc<KeyDocument>) {
        self.0.insert(source.url.clone(), document);
    }

    pub(crate) fn get(&self, url: &Url) -> Option<&Keys> {
        self.0.get(url).map(|document| &document.0)
    }
}

/// The documents that judging `request` needs, each once, of the checks that
/// `picked` picks, alternatives too; none for a request that no key could save.
pub fn wanted_keys(
    webhook: &Webhook,
    request: &Request,
    picked: impl Fn(&Check) -> bool,
    now: Timestamp,
) -> Vec<KeySource> {
    let mut wanted = Vec::new();
    for check in webhook.single_checks().filter(|check| picked(check)) {
        let source = match check {
            Check::Jwt(jwt) => match &jwt.keys {
                JwtKeys::Jwks(url) if jwt::could_pass(jwt, request, now) => {
                    Some(KeySource { url: url.clone(), kind: KeyKind::Jwks })
                }
                _ => None,
            },
            Check::AwsSns(sns) => aws_sns::certificate_url(sns, request)
                .map(|url| KeySource { url, kind: KeyKind::Certificate }),
            _ => None,
        };
        wanted.extend(source.filter(|source| !wanted.contains(source)));
    }
    wanted
}
