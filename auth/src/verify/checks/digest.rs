//! A digest of the request, for vendors that sign the digest in place of the
//! body.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest as lc_digest;
use mef_source::checked::{Digest, Hash};
use url::Url;

use crate::verify::Context;
use crate::verify::read::request_part::Place;
use crate::verify::read::values::{self as read, Scope};
use crate::verify::signed::signature::decode;
use crate::verify::signed::signed_text::{Around, signed_text};
use crate::verify::told::denied::Denied;
use crate::verify::told::mask::Mask;

/// Checks that what was sent as the digest is one.
pub(crate) fn check(digest: &Digest, context: Context<'_>, mask: &mut Mask) -> Result<(), Denied> {
    let place = || Place::of(&digest.equals);
    let sent = read::text(Scope::whole(context.request), &digest.equals)?
        .ok_or_else(|| Denied::Missing { place: place() })?;
    let sent = decode(&sent, digest.encoding)
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(|| Denied::DigestMalformed { place: place(), encoding: digest.encoding })?;
    let url = context.webhook.public_url.as_ref().map(Url::as_str);
    let text = signed_text(&digest.of, &Around::request(context.request, url))?;
    mask.trace.signed(&text);
    let mut hash = lc_digest::Context::new(match digest.hash {
        Hash::Sha1 => &lc_digest::SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &lc_digest::SHA256,
        Hash::Sha512 => &lc_digest::SHA512,
    });
    for piece in &text {
        hash.update(piece);
    }
    verify_slices_are_equal(hash.finish().as_ref(), &sent)
        .map_err(|_| Denied::DigestMismatch { place: place() })
}

/// Whether the body is needed to check it.
pub(crate) fn needs_body(digest: &Digest) -> bool {
    digest.of.reads_body() || digest.equals.root() == mef_source::Root::Record
}
