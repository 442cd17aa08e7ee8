//! What a handshake needs beside [`verify`](crate::verify::verify()): a check of
//! its own token, and the key that its answer is signed with.
//!
//! A handshake may have to be recognised before anything is verified. So nothing
//! here makes a [`Verified`](crate::verify::Verified).

use std::fmt;

use aws_lc_rs::hmac;
use jiff::Timestamp;
use mef_source::checked::{Hash, Token, Webhook};

use super::checks::SingleCheck as _;
use super::checks::hmac::{hmacs, key};
use super::context::Context;
use super::denied::Denied;
use super::keys::live_secrets::LiveSecrets;
use super::told::notes::Notes;
use crate::request::Request;

/// Judges the token that a handshake asks for in place of the webhook's checks.
///
/// # Errors
///
/// Fails if the request does not hold the token, and says why.
pub fn verify_token(
    token: &Token,
    webhook: &Webhook,
    request: &Request,
    secrets: &LiveSecrets,
    now: Timestamp,
) -> Result<(), Denied> {
    let context = Context { webhook, request, secrets, now };
    token.check(context, &mut Notes::default()).map(drop)
}

/// The key that the HMACs of an answer are made with; always HMAC-SHA256.
///
/// `Debug` shows nothing of it.
pub struct AnswerKey(hmac::Key);

impl AnswerKey {
    /// Finds the key that signed `request`: of the webhook's `hmac` checks the first
    /// that the request passes, and of its secrets the value that made it pass.
    ///
    /// # Errors
    ///
    /// Fails if the request passes none.
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
                    let context = Context { webhook, request, secrets: &one, now };
                    match alone.check(context, &mut Notes::default()) {
                        Ok(_) => {
                            return key(&used.name, value, &check.key, Hash::Sha256).map(AnswerKey);
                        }
                        Err(error) => denied = error,
                    }
                }
            }
        }
        Err(denied)
    }

    /// Returns the key to use if nothing was signed: the first live secret of the
    /// webhook's first `hmac` check.
    ///
    /// # Errors
    ///
    /// Fails if there is no such check, or none of its secrets is live.
    pub fn first(
        webhook: &Webhook,
        secrets: &LiveSecrets,
        now: Timestamp,
    ) -> Result<AnswerKey, Denied> {
        let check = hmacs(webhook).next().ok_or(Denied::NoCheck)?;
        let live = secrets.live(&check.secrets, now)?;
        let (name, secret) = live.first().ok_or(Denied::NoCheck)?;
        key(name, secret, &check.key, Hash::Sha256).map(AnswerKey)
    }

    /// Returns the HMAC-SHA256 of `text`.
    pub fn sign(&self, text: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, text).as_ref().to_vec()
    }
}

impl fmt::Debug for AnswerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerKey")
    }
}
