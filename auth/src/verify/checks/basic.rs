//! A user's name and password in the header `Authorization` (RFC 7617).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use mef_source::checked::Basic;

use super::token::without_prefix;
use crate::verify::keys::live_secrets as key;
use crate::verify::read::request_part::Place;
use crate::verify::read::values as read;
use crate::verify::told::denied::Denied;
use crate::verify::told::mask::Mask;
use crate::verify::{AUTHORIZATION, Context};

const SCHEME: &str = "Basic ";

/// Checks the name and password and gives the name of the secret that decided.
pub(crate) fn check(
    basic: &Basic,
    context: Context<'_>,
    mask: &mut Mask,
) -> Result<String, Denied> {
    let place = || Place::Header(AUTHORIZATION.to_owned());
    mask.header(AUTHORIZATION);
    let sent = read::header(context.request, AUTHORIZATION)?
        .ok_or_else(|| Denied::Missing { place: place() })?;
    let encoded = without_prefix(sent, Some(SCHEME))
        .ok_or_else(|| Denied::TokenPrefix { place: place(), prefix: SCHEME.to_owned() })?;
    let malformed = || Denied::BasicMalformed { place: place() };
    let sent = STANDARD_PAD_INDIFFERENT.decode(encoded).map_err(|_| malformed())?;
    if !sent.contains(&b':') {
        return Err(malformed());
    }
    let live = key::live(&basic.secrets, context.secrets, context.now)?;
    // Digests of the whole are compared, so that neither a length shows nor
    // which of the two was wrong, and nothing ends early.
    let sent = digest(&SHA256, &sent);
    let mut decided_by = None;
    for (name, secret) in &live {
        let expected = match &basic.username {
            Some(user) => format!("{user}:{}", secret.expose()),
            None => secret.expose().to_owned(),
        };
        let expected = digest(&SHA256, expected.as_bytes());
        let is_it = verify_slices_are_equal(expected.as_ref(), sent.as_ref()).is_ok();
        mask.trace.tried(name, is_it);
        if is_it {
            decided_by = Some(*name);
        }
    }
    decided_by
        .map(str::to_owned)
        .ok_or_else(|| Denied::TokenMismatch { place: place(), secrets: key::names(&live) })
}
