//! A signature made with a shared secret (RFC 2104), in the many layouts that
//! vendors give it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use mef_ports::Secret;
use mef_source::checked::{Check, Hash, Hmac, Key, Signed, Webhook};

use super::single_check::SingleCheck;
use crate::hash;
use crate::verify::context::Context;
use crate::verify::denied::Denied;
use crate::verify::signed::signed_text::SignedText;
use crate::verify::signed::{self, Element};
use crate::verify::told::notes::Notes;

impl SingleCheck for Hmac {
    fn check(&self, context: Context<'_>, notes: &mut Notes) -> Result<Option<String>, Denied> {
        let keys = || {
            let live = context.secrets.live(&self.secrets, context.now)?.into_iter();
            let key = |(name, secret)| {
                let bytes = key_bytes(name, secret, &self.key)?;
                Ok((
                    name,
                    HmacKey { whole: hash::hmac_key(self.hash, &bytes), bytes, hash: self.hash },
                ))
            };
            live.map(key).collect()
        };
        signed::check(&self.signed, context, notes, keys, made).map(Some)
    }

    fn signed(&self) -> Option<&Signed> {
        Some(&self.signed)
    }
}

/// Lists the `hmac` checks of `webhook`.
pub(crate) fn hmacs(webhook: &Webhook) -> impl Iterator<Item = &Hmac> {
    webhook.single_checks().filter_map(|check| match check {
        Check::Hmac(hmac) => Some(&**hmac),
        _ => None,
    })
}

/// A key, and what it is made of.
struct HmacKey {
    /// The key of the secret alone.
    whole: hmac::Key,
    bytes: Vec<u8>,
    hash: Hash,
}

/// Makes the key that the secret `name` stands for.
pub(crate) fn key(
    name: &str,
    secret: &Secret,
    written: &Key,
    hash: Hash,
) -> Result<hmac::Key, Denied> {
    Ok(hash::hmac_key(hash, &key_bytes(name, secret, written)?))
}

fn key_bytes(name: &str, secret: &Secret, written: &Key) -> Result<Vec<u8>, Denied> {
    let text = hash::without_prefix(secret, written);
    let bytes = hash::key_bytes(text, written.encoding).ok_or_else(|| Denied::KeyMalformed {
        name: name.to_owned(),
        encoding: written.encoding,
    })?;
    match bytes.is_empty() {
        true => Err(Denied::SecretEmpty(name.to_owned())),
        false => Ok(bytes),
    }
}

/// Returns whether one of the element's candidates was made of `text` with `key`.
fn made(key: &HmacKey, text: &SignedText<'_>, element: &Element<'_>) -> bool {
    let made_of_parts = element.key.as_ref().map(|(before, after)| {
        hash::hmac_key(key.hash, &[&before.concat(), &*key.bytes, &after.concat()].concat())
    });
    let mut context = hmac::Context::with_key(made_of_parts.as_ref().unwrap_or(&key.whole));
    for part in text {
        context.update(part);
    }
    let expected = context.sign();
    let mut made = false;
    for candidate in &element.candidates {
        made |= verify_slices_are_equal(expected.as_ref(), candidate).is_ok();
    }
    made
}
