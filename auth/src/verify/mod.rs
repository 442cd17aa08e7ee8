//! Judges whether a webhook request comes from whom it claims to.
//!
//! [`verify`] is the only way to a [`Verified`], and a `Verified` is the only
//! thing that the pipeline takes of a webhook. It works on the bytes as they
//! came and does no I/O: the caller brings the secrets and the moment, and
//! answers 503 itself when it cannot have them.

mod denied;
mod handshake;
mod head;
mod hmac;
mod key;
mod mask;
mod read;
mod signature;
#[cfg(test)]
mod tests;
mod timestamp;
mod token;

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use jiff::Timestamp;
use mef_ports::Secret;
use mef_source::checked::{Check, Hmac, SignatureFrom, SignedPart, TokenFrom, Verify, Webhook};
use mef_source::{Path, Root};

pub use denied::{Denied, Place};
pub use handshake::{AnswerKey, is_present, read_value, verify_token};
pub use head::{is_authorization, verify_authorization, verify_head};
use mask::Mask;

use crate::Request;

/// The live values of a source's secrets, by name.
///
/// `Debug` shows the names only.
#[derive(Clone, Default)]
pub struct LiveSecrets(BTreeMap<String, Vec<Secret>>);

impl LiveSecrets {
    /// Adds a value of the secret `name`: while it is being changed, there is
    /// more than one.
    pub fn insert(&mut self, name: impl Into<String>, secret: Secret) {
        self.0.entry(name.into()).or_default().push(secret);
    }

    /// The values of the secret `name`; none if it is not there.
    pub fn get(&self, name: &str) -> &[Secret] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

impl FromIterator<(String, Secret)> for LiveSecrets {
    fn from_iter<I: IntoIterator<Item = (String, Secret)>>(secrets: I) -> LiveSecrets {
        let mut live = LiveSecrets::default();
        secrets.into_iter().for_each(|(name, secret)| live.insert(name, secret));
        live
    }
}

impl fmt::Debug for LiveSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A check that a request passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The kind of check, as in the source file: `hmac`, `token`.
    pub check: &'static str,
    /// The name of the secret that decided.
    pub secret: String,
}

/// A request that passed every check of its source, with `***` in place of
/// every value that a check read as a credential.
///
/// There is no way to make one but [`verify`].
#[derive(Clone)]
pub struct Verified {
    request: Request,
    passed: Vec<Passed>,
    /// The digest of the body as it came, where masking changed the body.
    digest: Option<String>,
}

impl Verified {
    /// The method, as it was sent.
    pub fn method(&self) -> &str {
        self.request.method()
    }

    /// The path, as it was sent.
    pub fn path(&self) -> &str {
        self.request.path()
    }

    /// The value of the header `name`, if it is text and was sent once, or
    /// always the same.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.request.headers().iter();
        let mut values = lines
            .filter(|(line, _)| line.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice());
        let first = values.next()?;
        let same = values.all(|value| value == first);
        std::str::from_utf8(first).ok().filter(|_| same)
    }

    /// The values of the header `name` (in lower case), one for each line.
    pub fn header_values<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r [u8]> {
        self.request.header_values(name)
    }

    /// The decoded value of the query parameter `name`, if it is text and was
    /// given once, or always the same.
    pub fn query(&self, name: &str) -> Option<String> {
        let mut values = self.request.query_values(name);
        let first = values.next()?;
        let same = values.all(|value| value == first);
        String::from_utf8(first).ok().filter(|_| same)
    }

    /// The body; a credential in it is the JSON string `"***"`, every other
    /// byte is as it came.
    pub fn body(&self) -> &Bytes {
        self.request.body()
    }

    /// The SHA-256 of the body as it came, in hexadecimal.
    pub fn body_sha256_hex(&self) -> String {
        self.digest.clone().unwrap_or_else(|| sha256_hex(self.request.body()))
    }

    /// The checks that it passed; empty where the source verifies nothing.
    pub fn passed(&self) -> &[Passed] {
        &self.passed
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("request", &self.request)
            .field("passed", &self.passed)
            .finish()
    }
}

/// Judges `request` by all checks of `webhook` at the moment `now`.
///
/// `secrets` holds every secret that the checks name.
///
/// # Errors
///
/// The first check that fails, and why. The reason is for the operator; the
/// sender gets the same 401 for each.
pub fn verify(
    webhook: &Webhook,
    request: Request,
    secrets: &LiveSecrets,
    now: Timestamp,
) -> Result<Verified, Denied> {
    let mut mask = Mask::default();
    let passed = match &webhook.verify {
        Verify::Nothing { .. } => Vec::new(),
        Verify::All(checks) if checks.is_empty() => return Err(Denied::NoCheck),
        Verify::All(checks) => checks
            .iter()
            .map(|check| pass(check, webhook, &request, secrets, now, &mut mask))
            .collect::<Result<_, _>>()?,
    };
    let digest = mask.changes_body().then(|| sha256_hex(request.body()));
    Ok(Verified { request: mask.apply(request), passed, digest })
}

/// Does one check in full.
fn pass(
    check: &Check,
    webhook: &Webhook,
    request: &Request,
    secrets: &LiveSecrets,
    now: Timestamp,
    mask: &mut Mask,
) -> Result<Passed, Denied> {
    let (kind, secret) = match check {
        Check::Hmac(hmac) => ("hmac", hmac::check(hmac, webhook, request, secrets, now, mask)?),
        Check::Token(token) => ("token", token::check(token, request, secrets, now, mask)?),
    };
    Ok(Passed { check: kind, secret })
}

/// Whether `check` reads the body. One that does not can be done where there is
/// no body yet, such as in a Lambda authorizer.
pub fn needs_body(check: &Check) -> bool {
    match check {
        Check::Token(token) => matches!(token.from, TokenFrom::Json(_)),
        Check::Hmac(hmac) => hmac_needs_body(hmac),
    }
}

fn hmac_needs_body(hmac: &Hmac) -> bool {
    let in_body = |path: &Path| path.root() == Root::Record;
    hmac.text.0.iter().any(|part| matches!(part, SignedPart::Body | SignedPart::Json(_)))
        || hmac.id.iter().any(in_body)
        || hmac.timestamp.as_ref().is_some_and(|time| in_body(&time.from))
        || hmac
            .signature
            .from
            .iter()
            .any(|from| matches!(from, SignatureFrom::Path(path) if in_body(path)))
}

fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}
