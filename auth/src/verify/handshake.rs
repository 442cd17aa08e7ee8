//! What a handshake needs of a request beside [`verify`](crate::verify::verify()): a few
//! values, a token of its own, and the key that its answer is signed with.
//!
//! A handshake may have to be known before anything is verified. So nothing is
//! read here but single values at named places, by the strict reads that the
//! checks have, and nothing here makes a [`Verified`].

use std::fmt;

use aws_lc_rs::hmac;
use jiff::Timestamp;
use mef_source::checked::{Check, Hash, Hmac, Token, Webhook};
use mef_source::{Path, Root};
use serde_json::Value;

use crate::Request;
use crate::verify::checks::token;
use crate::verify::keys::live_secrets as key;
use crate::verify::read::request_part::Place;
use crate::verify::read::values as read;
use crate::verify::read::values::Scope;
use crate::verify::told::denied::Denied;
use crate::verify::told::mask::Mask;
use crate::verify::{Context, LiveSecrets, Verified};

/// The one value at `path` in a request that may be anybody's: text of a header
/// or query parameter, and of the JSON body a string, number or boolean. `None`
/// where there is nothing.
///
/// # Errors
///
/// When it is there twice, is no text, is a list or object, or when the body is
/// not JSON.
pub fn read_value(request: &Request, path: &Path) -> Result<Option<Value>, Denied> {
    if !matches!(path.root(), Root::Record) {
        return Ok(
            read::text(Scope::whole(request), path)?.map(|text| Value::String(text.into_owned()))
        );
    }
    let Some(found) = Scope::whole(request).json(path)? else { return Ok(None) };
    match found.get().as_bytes().first() {
        Some(b'"') => Ok(Some(Value::String(read::string(found, path)?.into_owned()))),
        Some(b'{' | b'[') | None => Err(Denied::WrongType { place: Place::of(path) }),
        Some(_) => serde_json::from_str(found.get())
            .map(Some)
            .map_err(|_| Denied::BodyNotJson { place: Place::of(path) }),
    }
}

/// Whether something is at `path`, whatever it is; an empty text is nothing.
///
/// # Errors
///
/// When it is there twice, or when the body is not JSON.
pub fn is_present(request: &Request, path: &Path) -> Result<bool, Denied> {
    if !matches!(path.root(), Root::Record) {
        return Ok(read::bytes(Scope::whole(request), path)?.is_some_and(|bytes| !bytes.is_empty()));
    }
    Ok(Scope::whole(request).json(path)?.is_some_and(|found| found.get() != "\"\""))
}

/// Judges the token that a handshake asks for in place of the webhook's checks.
///
/// # Errors
///
/// Why it is not the token.
pub fn verify_token(
    token: &Token,
    webhook: &Webhook,
    request: &Request,
    secrets: &LiveSecrets,
    now: Timestamp,
) -> Result<(), Denied> {
    token::check(token, Context { webhook, request, secrets, now }, &mut Mask::default()).map(drop)
}

/// The key that the HMACs of an answer are made with; always HMAC-SHA256.
///
/// `Debug` shows nothing of it.
pub struct AnswerKey(hmac::Key);

impl AnswerKey {
    /// The key that signed `request`: of the webhook's `hmac` checks, the first
    /// that the request passes, and of its secrets the value that made it pass.
    ///
    /// # Errors
    ///
    /// When the request passes none.
    pub fn that_signed(
        webhook: &Webhook,
        request: &Request,
        secrets: &LiveSecrets,
        now: Timestamp,
    ) -> Result<AnswerKey, Denied> {
        let mut denied = Denied::NoCheck;
        for check in hmacs(webhook) {
            let mut alone = check.clone();
            for used in &check.secrets {
                alone.secrets = vec![used.clone()];
                for value in secrets.get(&used.name) {
                    let one = [(used.name.clone(), value.clone())].into_iter().collect();
                    let mut mask = Mask::default();
                    let context = Context { webhook, request, secrets: &one, now };
                    match crate::verify::checks::hmac::check(&alone, context, &mut mask) {
                        Ok(name) => {
                            return key::key(&name, value, &check.key, Hash::Sha256).map(AnswerKey);
                        }
                        Err(error) => denied = error,
                    }
                }
            }
        }
        Err(denied)
    }

    /// The key where nothing was signed: the first live secret of the webhook's
    /// first `hmac` check.
    ///
    /// # Errors
    ///
    /// When there is no such check, or none of its secrets is live.
    pub fn first(
        webhook: &Webhook,
        secrets: &LiveSecrets,
        now: Timestamp,
    ) -> Result<AnswerKey, Denied> {
        let check = hmacs(webhook).next().ok_or(Denied::NoCheck)?;
        let live = key::live(&check.secrets, secrets, now)?;
        let (name, secret) = live.first().ok_or(Denied::NoCheck)?;
        key::key(name, secret, &check.key, Hash::Sha256).map(AnswerKey)
    }

    /// The HMAC-SHA256 of `text`.
    pub fn sign(&self, text: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, text).as_ref().to_vec()
    }
}

impl fmt::Debug for AnswerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerKey")
    }
}

impl Verified {
    /// As [`read_value`], of a request that was verified: what a check read as a
    /// credential is `***`.
    ///
    /// # Errors
    ///
    /// Those of [`read_value`].
    pub fn value(&self, path: &Path) -> Result<Option<Value>, Denied> {
        read_value(&self.request, path)
    }
}

fn hmacs(webhook: &Webhook) -> impl Iterator<Item = &Hmac> {
    webhook.single_checks().filter_map(|check| match check {
        Check::Hmac(hmac) => Some(&**hmac),
        _ => None,
    })
}
