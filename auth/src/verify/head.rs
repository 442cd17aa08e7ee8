//! What can be judged of a request before its body is there.
//!
//! A gateway's authorizer sees the head alone, and nearly every vendor signs
//! the body. So a check that reads no body is done here in full, and of the
//! others only what the head decides: that a signature came, that it can be
//! one, and that its time is near. Nothing that passes here is authentic:
//! [`verify`](crate::verify::verify()) judges all of it again, with the body.

use jiff::Timestamp;
use mef_source::checked::{Check, TokenFrom, Verify, Webhook};

use crate::Request;
use crate::verify::checks::jwt;
use crate::verify::signed;
use crate::verify::told::denied::Denied;
use crate::verify::told::mask::Mask;
use crate::verify::{AUTHORIZATION, Context, LiveSecrets, needs_body, pass};

/// What is known of a check that was not refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SoFar {
    /// It passes, whatever else the request holds.
    Passed,
    /// What is still to come decides.
    Open,
}

/// Judges the head of `request` at the moment `now`; its body is not looked at.
///
/// `secrets` holds the secrets and keys of the single checks that the head
/// decides (see [`is_in_head`]). Whatever [`verify`](crate::verify::verify()) would accept passes,
/// so that a refusal may be final. Of alternatives, one that the head leaves
/// open leaves all of them open.
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
    let context = Context { webhook, request, secrets, now };
    judge(checks(webhook)?, &|check| head_of(check, context))
}

/// Judges what was sent as `authorization` alone, where that is all there is to
/// see: the credentials that the checks read from that header.
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
    let context = Context { webhook, request: &request, secrets, now };
    judge(checks(webhook)?, &|check| match is_authorization(check) {
        true => by_itself(check, context),
        false => Ok(SoFar::Open),
    })
}

/// Whether `check` is a single one that reads the `authorization` header and
/// nothing else.
pub fn is_authorization(check: &Check) -> bool {
    match check {
        Check::Token(token) => {
            matches!(&token.from, TokenFrom::Header(name) if name == AUTHORIZATION)
        }
        Check::Jwt(jwt) => matches!(&jwt.from, TokenFrom::Header(name) if name == AUTHORIZATION),
        Check::Basic(_) => true,
        _ => false,
    }
}

/// Whether [`verify_head`] uses the secrets or keys of the single `check`: it
/// reads no body, or is a signed token of which only a digest needs one.
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

/// Judges checks that must all pass, each single one of them by `single`.
fn judge(checks: &[Check], single: &dyn Fn(&Check) -> Result<SoFar, Denied>) -> Result<(), Denied> {
    all(checks, single).map(|_| ())
}

fn all(
    checks: &[Check],
    single: &dyn Fn(&Check) -> Result<SoFar, Denied>,
) -> Result<SoFar, Denied> {
    let mut so_far = SoFar::Passed;
    for check in checks {
        if composed(check, single)? == SoFar::Open {
            so_far = SoFar::Open;
        }
    }
    Ok(so_far)
}

fn composed(
    check: &Check,
    single: &dyn Fn(&Check) -> Result<SoFar, Denied>,
) -> Result<SoFar, Denied> {
    match check {
        Check::All(checks) => all(checks, single),
        Check::Any(checks) => {
            let (mut best, mut reasons) = (None, Vec::new());
            for check in checks {
                match composed(check, single) {
                    Ok(SoFar::Passed) => best = Some(SoFar::Passed),
                    Ok(SoFar::Open) => best = best.or(Some(SoFar::Open)),
                    Err(denied) => reasons.push(denied),
                }
            }
            best.ok_or(Denied::Alternatives { reasons })
        }
        check => single(check),
    }
}

fn head_of(check: &Check, context: Context<'_>) -> Result<SoFar, Denied> {
    // Nothing goes on from here, so nothing has to be masked.
    let mut mask = Mask::default();
    match check {
        // Who asks may have left the address out, and the handler be told it.
        Check::Ip(_) if context.request.peer().is_none() => Ok(SoFar::Open),
        check if is_in_head(check) => by_itself(check, context),
        Check::Hmac(hmac) => {
            signed::check_head(&hmac.signed, context, &mut mask).map(|()| SoFar::Open)
        }
        Check::PublicKey(key) => {
            signed::check_head(&key.signed, context, &mut mask).map(|()| SoFar::Open)
        }
        _ => Ok(SoFar::Open),
    }
}

/// Does a check that reads no body; of a signed token what it is by itself,
/// since what it digests of the request may not be there.
fn by_itself(check: &Check, context: Context<'_>) -> Result<SoFar, Denied> {
    match check {
        Check::Jwt(jwt) => jwt::check_head(jwt, context).map(|()| match jwt.digests.is_empty() {
            true => SoFar::Passed,
            false => SoFar::Open,
        }),
        check => pass(check, context, &mut Mask::default()).map(|_| SoFar::Passed),
    }
}
