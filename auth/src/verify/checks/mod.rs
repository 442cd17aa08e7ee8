//! The kinds of checks that a source file can ask for, each in a file of its
//! own. What differs between kinds is the trait [`SingleCheck`]; a new kind is a
//! new file that implements it, and one arm of [`kind`].

pub(super) mod aws_sns;
mod basic;
mod compact;
mod digest;
pub(super) mod hmac;
mod ip;
mod jws;
mod jwt;
pub(super) mod public_key;
mod single_check;
pub(super) mod token;

use mef_source::checked::{Check, Webhook};

pub(super) use self::single_check::{SingleCheck, SoFar};
use crate::verify::context::Context;
use crate::verify::denied::Denied;
use crate::verify::told::notes::Notes;
use crate::verify::verified::Passed;

/// A check, by what it is made of.
pub(super) enum Kind<'c> {
    /// A check that is not made of others.
    Single(&'c dyn SingleCheck),
    /// Checks that must all pass.
    All(&'c [Check]),
    /// Alternatives; one must pass.
    Any(&'c [Check]),
}

/// Finds the code of a check.
pub(super) fn kind(check: &Check) -> Kind<'_> {
    Kind::Single(match check {
        Check::Hmac(hmac) => &**hmac,
        Check::PublicKey(key) => &**key,
        Check::Token(token) => token,
        Check::Basic(basic) => basic,
        Check::Jwt(jwt) => &**jwt,
        Check::Jws(jws) => &**jws,
        Check::AwsSns(sns) => sns,
        Check::Ip(ip) => ip,
        Check::Digest(digest) => &**digest,
        Check::All(checks) => return Kind::All(checks),
        Check::Any(checks) => return Kind::Any(checks),
    })
}

/// Finds the code of a check; `None` if it is made of others.
pub(super) fn single(check: &Check) -> Option<&dyn SingleCheck> {
    match kind(check) {
        Kind::Single(single) => Some(single),
        Kind::All(_) | Kind::Any(_) => None,
    }
}

/// Lists all checks of `webhook` that are made of no others.
pub(super) fn singles(webhook: &Webhook) -> impl Iterator<Item = &dyn SingleCheck> {
    webhook.single_checks().filter_map(single)
}

/// Does checks that must all pass.
pub(super) fn pass_all(
    checks: &[Check],
    context: Context<'_>,
    notes: &mut Notes,
) -> Result<Vec<Passed>, Denied> {
    let passed: Result<Vec<_>, _> =
        checks.iter().map(|check| pass(check, context, notes)).collect();
    passed.map(|passed| passed.concat())
}

/// Does one check in full.
///
/// Every alternative is tried, even after one has passed: so the time it takes
/// does not tell which one did, and every credential that came is masked.
pub(super) fn pass(
    check: &Check,
    context: Context<'_>,
    notes: &mut Notes,
) -> Result<Vec<Passed>, Denied> {
    notes.begin(check.kind(), || single(check).map_or_else(Vec::new, |c| c.notice(context)));
    let passed = match kind(check) {
        Kind::Single(single) => {
            let judged = single.check(context, notes).map_err(|denied| match denied {
                Denied::BodyNotJson(part) if context.request.is_form() => Denied::BodyIsForm(part),
                denied => denied,
            });
            judged.map(|secret| vec![Passed { check: check.kind(), secret }])
        }
        Kind::All(checks) => pass_all(checks, context, notes),
        Kind::Any(checks) => pass_any(checks, context, notes),
    };
    notes.end(&passed);
    passed
}

fn pass_any(
    checks: &[Check],
    context: Context<'_>,
    notes: &mut Notes,
) -> Result<Vec<Passed>, Denied> {
    let (mut first, mut reasons) = (None, Vec::new());
    for check in checks {
        // The record is that of the alternative which decided, never of one that failed.
        let record = notes.record.take();
        match pass(check, context, notes) {
            Ok(passed) if first.is_none() => {
                first = Some(passed);
                // One without a record leaves that of a check before it.
                notes.record = notes.record.take().or(record);
            }
            Ok(_) => notes.record = record,
            Err(denied) => {
                notes.record = record;
                reasons.push(denied);
            }
        }
    }
    first.ok_or(Denied::Alternatives(reasons))
}
