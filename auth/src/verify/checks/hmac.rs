//! A signature made with a shared secret (RFC 2104), in the many layouts that
//! vendors give it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use mef_source::checked::Hmac;

use crate::verify::Context;
use crate::verify::keys::live_secrets as key;
use crate::verify::signed;
use crate::verify::signed::signed_text::Text;
use crate::verify::told::denied::Denied;
use crate::verify::told::mask::Mask;

/// Checks the signature and gives the name of the secret that made it.
pub(crate) fn check(hmac: &Hmac, context: Context<'_>, mask: &mut Mask) -> Result<String, Denied> {
    let keys = || {
        key::live(&hmac.secrets, context.secrets, context.now)?
            .into_iter()
            .map(|(name, secret)| Ok((name, key::key(name, secret, &hmac.key, hmac.hash)?)))
            .collect()
    };
    signed::check(&hmac.signed, context, mask, keys, made)
}

/// Whether one of the candidates was made of `text` with `key`.
fn made(key: &hmac::Key, text: &Text<'_>, candidates: &[Vec<u8>]) -> bool {
    let mut context = hmac::Context::with_key(key);
    for part in text {
        context.update(part);
    }
    let expected = context.sign();
    let mut made = false;
    for candidate in candidates {
        made |= verify_slices_are_equal(expected.as_ref(), candidate).is_ok();
    }
    made
}
