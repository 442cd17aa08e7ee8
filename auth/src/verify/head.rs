//! What can be judged of a request before its body is there.
//!
//! A gateway's authorizer sees the head alone, and nearly every vendor signs
//! the body. So a check that reads no body is done here in full, and of the
//! others only what the head decides: that a signature came, that it can be
//! one, and that its time is near. Nothing that passes here is authentic:
//! [`verify`](super::verify()) judges all of it again, with the body.

use jiff::Timestamp;
use mef_source::Root;
use mef_source::checked::{Check, Hmac, SignatureFrom, TokenFrom, Verify, Webhook};

use super::denied::Denied;
use super::mask::Mask;
use super::signature::{self, Items};
use super::{LiveSecrets, jwt, needs_body, pass, timestamp};
use crate::Request;

/// The header that a gateway hands to an authorizer which is shown a
/// credential and nothing else.
const AUTHORIZATION: &str = "authorization";

/// Judges the head of `request` at the moment `now`; its body is not looked at.
///
/// `secrets` holds the secrets and keys of the checks that are decided by the
/// head (see [`is_in_head`]). Whatever [`verify`](super::verify()) would accept passes,
/// so that a refusal may be final.
///
/// # Errors
///
/// The first check that fails whatever the body holds, and why.
pub fn verify_head(
    webhook: &Webhook,
    request: &Request,
    secrets: &LiveSecrets,
    now: Timestamp,
) -> Result<(), Denied> {
    // Nothing goes on from here, so nothing has to be masked.
    let mut mask = Mask::default();
    for check in checks(webhook)? {
        match check {
            check if !needs_body(check) => {
                pass(check, webhook, request, secrets, now, &mut mask)?;
            }
            Check::Hmac(hmac) => head_of_hmac(hmac, request, now, &mut mask)?,
            Check::Jwt(jwt) if is_in_head(check) => jwt::check_head(jwt, request, secrets, now)?,
            Check::Token(_) | Check::Jwt(_) | Check::AwsSns(_) => {}
        }
    }
    Ok(())
}

/// Judges what was sent as `authorization` alone, where that is all there is to
/// see: the tokens that the checks read from that header.
///
/// # Errors
///
/// The first of them that it is not, and why.
pub fn verify_authorization(
    webhook: &Webhook,
    authorization: &str,
    secrets: &LiveSecrets,
    now: Timestamp,
) -> Result<(), Denied> {
    let line = (AUTHORIZATION.to_owned(), authorization.as_bytes().to_vec());
    let request = Request::new("", "", "", vec![line], "");
    for check in checks(webhook)?.iter().filter(|check| is_authorization(check)) {
        match check {
            // What it digests of the request is not to be seen.
            Check::Jwt(jwt) => jwt::check_head(jwt, &request, secrets, now)?,
            check => {
                pass(check, webhook, &request, secrets, now, &mut Mask::default())?;
            }
        }
    }
    Ok(())
}

/// Whether `check` is a token in the `authorization` header.
pub fn is_authorization(check: &Check) -> bool {
    let from = match check {
        Check::Token(token) => &token.from,
        Check::Jwt(jwt) => &jwt.from,
        Check::Hmac(_) | Check::AwsSns(_) => return false,
    };
    matches!(from, TokenFrom::Header(name) if name == AUTHORIZATION)
}

/// Whether [`verify_head`] uses the secrets or keys of `check`: it reads no
/// body, or is a signed token of which only a digest needs one.
pub fn is_in_head(check: &Check) -> bool {
    match check {
        Check::Jwt(jwt) => !jwt::from_body(jwt),
        check => !needs_body(check),
    }
}

fn checks(webhook: &Webhook) -> Result<&[Check], Denied> {
    match &webhook.verify {
        Verify::Nothing { .. } => Ok(&[]),
        Verify::All(checks) if checks.is_empty() => Err(Denied::NoCheck),
        Verify::All(checks) => Ok(checks),
    }
}

fn head_of_hmac(
    hmac: &Hmac,
    request: &Request,
    now: Timestamp,
    mask: &mut Mask,
) -> Result<(), Denied> {
    let in_body =
        |from: &SignatureFrom| matches!(from, SignatureFrom::Path(p) if p.root() == Root::Record);
    // One place of several in the body may hold what the head lacks.
    let in_head = !hmac.signature.from.iter().any(in_body);
    let items = match in_head {
        true => signature::read(&hmac.signature, request, mask)?,
        false => Items::unread(&hmac.signature),
    };
    if in_head {
        items.candidates(&hmac.signature)?;
    }
    if let Some(time) = &hmac.timestamp {
        let is_seen = match time.from.root() {
            Root::Record => false,
            Root::Signature => in_head,
            _ => true,
        };
        if is_seen {
            timestamp::check(time, request, &items, now)?;
        }
    }
    Ok(())
}
