//! Judges whether a webhook request comes from whom it claims to.
//!
//! [`verify`] is the only way to a [`Verified`], and a `Verified` is the only
//! thing that the pipeline takes of a webhook. It works on the bytes as they
//! came and does no I/O: the caller brings the secrets and the moment, and
//! answers 503 itself when it cannot have them.

mod checks;
mod conceal;
mod handshake;
mod head;
mod keys;
mod read;
mod signed;
#[cfg(test)]
mod tests;
mod told;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest as sha};
use bytes::Bytes;
use jiff::Timestamp;
use mef_ports::Secret;
use mef_source::checked::{Check, TokenFrom, Verify, Webhook};
use url::Url;

pub use self::checks::aws_sns::is_sns_host;
use self::checks::{aws_sns, basic, digest, hmac, ip, jwt, public_key, token};
pub use self::handshake::{AnswerKey, is_present, read_value, verify_token};
pub use self::head::{is_authorization, is_in_head, verify_authorization, verify_head};
pub use self::keys::published::{KeyDocument, KeyDocumentError, KeyKind, KeySource, wanted_keys};
use self::keys::published::{KeyDocuments, Keys};
pub use self::read::request_part::Place;
pub use self::conceal::without_credentials;
pub use self::told::denied::Denied;
use self::told::mask::Mask;
use self::told::noticed as seen;
pub use self::told::explanation::{Explained, Seen, Tried};

use crate::Request;

/// The header that holds a credential of HTTP's own schemes, and that a gateway
/// hands to an authorizer which is shown nothing else.
const AUTHORIZATION: &str = "authorization";

/// What a check is judged by.
#[derive(Clone, Copy)]
struct Context<'c> {
    webhook: &'c Webhook,
    request: &'c Request,
    secrets: &'c LiveSecrets,
    now: Timestamp,
}

/// The live values of a source's secrets, by name, and what its vendor
/// publishes in place of a secret: keys, by where they are from.
///
/// `Debug` shows the names only.
#[derive(Clone, Default)]
pub struct LiveSecrets {
    secrets: BTreeMap<String, Vec<Secret>>,
    keys: KeyDocuments,
}

impl LiveSecrets {
    /// Adds a value of the secret `name`: while it is being changed, there is
    /// more than one.
    pub fn insert(&mut self, name: impl Into<String>, secret: Secret) {
        self.secrets.entry(name.into()).or_default().push(secret);
    }

    /// The values of the secret `name`; none if it is not there.
    pub fn get(&self, name: &str) -> &[Secret] {
        self.secrets.get(name).map_or(&[], Vec::as_slice)
    }

    /// Adds the keys that are published at `source`.
    pub fn insert_keys(&mut self, source: &KeySource, document: Arc<KeyDocument>) {
        self.keys.insert(source, document);
    }

    fn keys(&self, url: &Url) -> Option<&Keys> {
        self.keys.get(url)
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
        f.debug_set().entries(self.secrets.keys()).finish()
    }
}

/// A check that a request passed. Of alternatives it is the first that did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The kind of check, as in the source file: `hmac`, `token`.
    pub check: &'static str,
    /// The name of the secret that decided, or the URL that the key is from;
    /// none where the check has neither.
    pub secret: Option<String>,
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
    judge(webhook, request, secrets, now, &mut Mask::default())
}

/// As [`verify()`], and says of each check what it saw and did.
///
/// It is for a person who asks why. The checks after the one that failed are
/// done too, which changes nothing in the answer.
pub fn verify_explained(
    webhook: &Webhook,
    request: Request,
    secrets: &LiveSecrets,
    now: Timestamp,
) -> (Result<Verified, Denied>, Vec<Explained>) {
    let mut mask = Mask::explaining();
    let judged = judge(webhook, request.clone(), secrets, now, &mut mask);
    let mut checks = std::mem::take(&mut mask.trace).into_checks();
    let context = Context { webhook, request: &request, secrets, now };
    if let Verify::All(all) = &webhook.verify {
        for check in all.iter().skip(checks.len()) {
            let mut mask = Mask::explaining();
            // It is only told: the judgement stands.
            let _ = pass(check, context, &mut mask);
            checks.extend(mask.trace.into_checks());
        }
    }
    (judged, checks)
}

fn judge(
    webhook: &Webhook,
    request: Request,
    secrets: &LiveSecrets,
    now: Timestamp,
    mask: &mut Mask,
) -> Result<Verified, Denied> {
    let context = Context { webhook, request: &request, secrets, now };
    let passed = match &webhook.verify {
        Verify::Nothing { .. } => Vec::new(),
        Verify::All(checks) if checks.is_empty() => return Err(Denied::NoCheck),
        Verify::All(checks) => pass_all(checks, context, mask)?,
    };
    mask.what_was_not_read(webhook, &request);
    let digest = mask.changes_body().then(|| sha256_hex(request.body()));
    Ok(Verified { request: mask.apply(request), passed, digest })
}

fn pass_all(
    checks: &[Check],
    context: Context<'_>,
    mask: &mut Mask,
) -> Result<Vec<Passed>, Denied> {
    let passed: Result<Vec<_>, _> = checks.iter().map(|check| pass(check, context, mask)).collect();
    passed.map(|passed| passed.concat())
}

/// Does one check in full.
///
/// Every alternative is tried, whatever has passed by then: how long it takes
/// says nothing about which one did, and every credential that came is masked.
fn pass(check: &Check, context: Context<'_>, mask: &mut Mask) -> Result<Vec<Passed>, Denied> {
    mask.trace.begin(check.kind(), || seen::seen(check, context));
    let passed = pass_untold(check, context, mask);
    mask.trace.end(&passed);
    passed
}

fn pass_untold(
    check: &Check,
    context: Context<'_>,
    mask: &mut Mask,
) -> Result<Vec<Passed>, Denied> {
    let secret = match check {
        Check::Hmac(hmac) => Some(hmac::check(hmac, context, mask)?),
        Check::PublicKey(key) => Some(public_key::check(key, context, mask)?),
        Check::Token(token) => Some(token::check(token, context, mask)?),
        Check::Basic(basic) => Some(basic::check(basic, context, mask)?),
        Check::Jwt(jwt) => Some(jwt::check(jwt, context, mask)?),
        Check::AwsSns(sns) => Some(aws_sns::check(sns, context, mask)?),
        Check::Ip(ip) => ip::check(ip, context.request).map(|()| None)?,
        Check::Digest(digest) => digest::check(digest, context, mask).map(|()| None)?,
        Check::All(checks) => return pass_all(checks, context, mask),
        Check::Any(checks) => {
            let (mut first, mut reasons) = (None, Vec::new());
            for check in checks {
                match pass(check, context, mask) {
                    Ok(passed) => first = first.or(Some(passed)),
                    Err(denied) => reasons.push(denied),
                }
            }
            return first.ok_or(Denied::Alternatives { reasons });
        }
    };
    Ok(vec![Passed { check: check.kind(), secret }])
}

/// Whether `check` reads the body. One that does not can be done where there is
/// no body yet, such as in a Lambda authorizer.
pub fn needs_body(check: &Check) -> bool {
    match check {
        Check::Hmac(hmac) => signed::needs_body(&hmac.signed),
        Check::PublicKey(key) => signed::needs_body(&key.signed),
        Check::Token(token) => matches!(token.from, TokenFrom::Json(_)),
        Check::Basic(_) | Check::Ip(_) => false,
        Check::Jwt(jwt) => jwt::needs_body(jwt),
        Check::AwsSns(_) => true,
        Check::Digest(digest) => digest::needs_body(digest),
        Check::Any(checks) | Check::All(checks) => checks.iter().any(needs_body),
    }
}

fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(sha(&SHA256, bytes))
}
