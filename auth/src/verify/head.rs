//! What can be judged of a request before its body is there.
//!
//! A gateway's authorizer sees only the head, and nearly every vendor signs the
//! body. So a check that reads no body is done here in full, and of the others
//! only what the head decides: that a signature came, that it can be one, and that
//! its time is near. Nothing that passes here is authentic:
//! [`verify`](crate::verify::verify()) judges all of it again, with the body.

use jiff::Timestamp;
use mef_source::checked::{Check, Verify, Webhook};

use super::checks::{self, Kind, SingleCheck, SoFar};
use super::context::Context;
use super::denied::Denied;
use super::keys::live_secrets::LiveSecrets;
use crate::request::{AUTHORIZATION, Request};

/// Judges one check that is made of no others.
type Single<'s> = &'s dyn Fn(&dyn SingleCheck) -> Result<SoFar, Denied>;

/// Judges the head of `request` at the moment `now`; its body is not looked at.
///
/// `secrets` must hold the secrets and keys of the single checks that the head
/// decides (see [`is_in_head`]). Whatever [`verify`](crate::verify::verify())
/// would accept passes, so a denial is final. If the head leaves one of several
/// alternatives open, all of them are open.
///
/// # Errors
///
/// Fails with the first check that fails whatever the body holds, and why.
pub fn verify_head(
    webhook: &Webhook,
    request: &Request,
    secrets: &LiveSecrets,
    now: Timestamp,
) -> Result<(), Denied> {
    let context = Context { webhook, request, secrets, now };
    judge(webhook, &|check| check.check_head(context))
}

/// Judges the value of `authorization` when it is all there is to see: does the
/// checks that read their credential from that header.
///
/// # Errors
///
/// Fails with the first of them that fails, and why.
pub fn verify_authorization(
    webhook: &Webhook,
    authorization: &str,
    secrets: &LiveSecrets,
    now: Timestamp,
) -> Result<(), Denied> {
    let line = (AUTHORIZATION.to_owned(), authorization.as_bytes().to_vec());
    let request = Request::new("", "", "", vec![line], "");
    let context = Context { webhook, request: &request, secrets, now };
    judge(webhook, &|check| match check.is_authorization() {
        true => check.check_head(context),
        false => Ok(SoFar::Open),
    })
}

/// Returns whether `check` is a single one that reads the `authorization` header
/// and nothing else.
pub fn is_authorization(check: &Check) -> bool {
    checks::single(check).is_some_and(SingleCheck::is_authorization)
}

/// Returns whether [`verify_head`] uses the secrets or keys of the single `check`:
/// it reads no body, or is a signed token of which only a digest needs one.
pub fn is_in_head(check: &Check) -> bool {
    checks::single(check).is_some_and(SingleCheck::is_in_head)
}

fn judge(webhook: &Webhook, single: Single<'_>) -> Result<(), Denied> {
    match &webhook.verify {
        Verify::Nothing { .. } => Ok(()),
        Verify::All(checks) if checks.is_empty() => Err(Denied::NoCheck),
        Verify::All(checks) => all(checks, single).map(|_| ()),
    }
}

fn all(checks: &[Check], single: Single<'_>) -> Result<SoFar, Denied> {
    let mut so_far = SoFar::Passed;
    for check in checks {
        if one(check, single)? == SoFar::Open {
            so_far = SoFar::Open;
        }
    }
    Ok(so_far)
}

fn one(check: &Check, single: Single<'_>) -> Result<SoFar, Denied> {
    match checks::kind(check) {
        Kind::Single(check) => single(check),
        Kind::All(checks) => all(checks, single),
        Kind::Any(checks) => {
            let (mut best, mut reasons) = (None, Vec::new());
            for check in checks {
                match one(check, single) {
                    Ok(SoFar::Passed) => best = Some(SoFar::Passed),
                    Ok(SoFar::Open) => best = best.or(Some(SoFar::Open)),
                    Err(denied) => reasons.push(denied),
                }
            }
            best.ok_or(Denied::Alternatives(reasons))
        }
    }
}
