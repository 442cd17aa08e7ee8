//! The checks of `webhook.verify`, and what they prove together.
//!
//! Alternatives are as strong as the weakest of them, and a list is as strong as
//! its strongest check. A weak result is a warning: a source that takes a token in
//! place of a signature is as weak as the token.
//!
//! A new kind is a file here that implements `Kind`, and a variant of [`Check`].

mod aws_sns;
mod basic;
mod digest;
mod hmac;
mod ip;
mod jws;
mod jwt;
mod kind;
mod public_key;
pub(crate) mod secret_use;
mod signed;
pub(crate) mod surroundings;
pub(crate) mod token;
mod token_keys;

pub use aws_sns::AwsSns;
pub use basic::Basic;
pub use digest::Digest;
pub use hmac::Hmac;
pub use ip::{Ip, Network};
pub use jws::Jws;
pub use jwt::{ClaimDigest, Jwt};
pub use public_key::PublicKey;
pub use secret_use::SecretUse;
pub use signed::{KeyText, Signature, SignatureFrom, Signed, SignedPart, SignedTime, SigningText};
pub use token::{Token, TokenFrom};
pub use token_keys::JwtKeys;

use crate::checked::checker::{Checker, Told, all};
use crate::path::Root;
use crate::problem::Place;
use crate::written::{self, Located};
use kind::{Kind, Proof};
use surroundings::Surroundings;

/// How deep `any` and `all` may be nested.
const MAX_DEPTH: usize = 4;

/// The most checks in one list, which bounds what a request costs.
const MAX_CHECKS: usize = 16;

/// A check of a request.
#[derive(Clone, Debug)]
pub enum Check {
    /// A signature made with a shared secret.
    Hmac(Box<Hmac>),
    /// A signature made with a private key that only the vendor has.
    PublicKey(Box<PublicKey>),
    /// A fixed token.
    Token(Token),
    /// A signed token.
    Jwt(Box<Jwt>),
    /// A detached signature over the body.
    Jws(Box<Jws>),
    /// The signature of Amazon SNS.
    AwsSns(AwsSns),
    /// A user's name and password.
    Basic(Basic),
    /// The address that the request comes from.
    Ip(Ip),
    /// A digest of the request.
    Digest(Box<Digest>),
    /// Alternatives: one must pass; never empty.
    Any(Vec<Check>),
    /// Checks that must all pass; never empty.
    All(Vec<Check>),
}

impl Check {
    /// Returns the check as its kind, unless it is made of others.
    fn single(&self) -> Option<&dyn Kind> {
        Some(match self {
            Check::Hmac(check) => &**check,
            Check::PublicKey(check) => &**check,
            Check::Token(check) => check,
            Check::Jwt(check) => &**check,
            Check::Jws(check) => &**check,
            Check::AwsSns(check) => check,
            Check::Basic(check) => check,
            Check::Ip(check) => check,
            Check::Digest(check) => &**check,
            Check::Any(_) | Check::All(_) => return None,
        })
    }

    /// Reads one check.
    fn read(
        written: &written::Check,
        around: Surroundings,
        checker: &mut Checker<'_>,
    ) -> Result<Check, Told> {
        Ok(match written {
            written::Check::Hmac(written) => {
                Check::Hmac(Box::new(hmac::check(written, around, checker)?))
            }
            written::Check::PublicKey(written) => {
                Check::PublicKey(Box::new(public_key::check(written, around, checker)?))
            }
            written::Check::Token(written) => Check::Token(token::check(written, checker)?),
            written::Check::Jwt(written) => {
                Check::Jwt(Box::new(jwt::check(written, around, checker)?))
            }
            written::Check::Jws(written) => Check::Jws(Box::new(jws::check(written, checker)?)),
            written::Check::AwsSns(written) => Check::AwsSns(aws_sns::check(written, checker)?),
            written::Check::Basic(written) => Check::Basic(basic::check(written, checker)?),
            written::Check::Ip(written) => Check::Ip(ip::check(written, checker)?),
            written::Check::Digest(written) => {
                Check::Digest(Box::new(digest::check(written, around, checker)?))
            }
            // Presets are put in place before this; one that is left is a mistake.
            written::Check::Preset(preset) => {
                return Err(checker.told().unwrap_or_else(|| {
                    checker.error(preset.place(), "a preset cannot be put in place here")
                }));
            }
            written::Check::All(written) => {
                let checks = list(written, around.deeper().and(written), checker)?;
                digests_are_signed(&checks, written.place(), checker);
                Check::All(checks)
            }
            written::Check::Any(written) => {
                let checks = list(written, around.deeper(), checker)?;
                weakest_counts(&checks, written.place(), checker);
                Check::Any(checks)
            }
        })
    }

    /// Returns the secrets that the check itself may use, without those of the
    /// checks that it is made of.
    pub fn secrets(&self) -> &[SecretUse] {
        self.single().map_or(&[], Kind::secrets)
    }

    /// Returns the checks that it is made of, down to those that are made of no
    /// others; or itself, if it is one of these.
    pub fn singles(&self) -> Vec<&Check> {
        match self {
            Check::Any(checks) | Check::All(checks) => {
                checks.iter().flat_map(Check::singles).collect()
            }
            single => vec![single],
        }
    }

    /// Returns the check's key in a source file.
    pub fn kind(&self) -> &'static str {
        match self {
            Check::Any(_) => "any",
            Check::All(_) => "all",
            _ => self.single().map_or("", Kind::key),
        }
    }

    /// Returns the parts of the body that it reads, unless it is made of others.
    pub(crate) fn in_body(&self) -> Vec<(Root, String)> {
        self.single().map_or_else(Vec::new, Kind::in_body)
    }

    fn proof(&self) -> Proof {
        match self {
            Check::Any(checks) => checks.iter().map(Check::proof).min().unwrap_or(Proof::Nothing),
            Check::All(checks) => together(checks),
            _ => self.single().map_or(Proof::Nothing, Kind::proof),
        }
    }

    /// Returns whether it is made over the query as it was sent: not every gateway hands that over.
    pub fn signs_query(&self) -> bool {
        match self {
            Check::Jwt(jwt) => jwt.digests.iter().any(|digest| digest.text.signs_query()),
            _ => self.signed().is_some_and(|signed| signed.text.signs_query()),
        }
    }

    /// Returns what it signs, if it is a signature.
    pub(crate) fn signed(&self) -> Option<&Signed> {
        self.single()?.signed()
    }

    /// Returns whether it says that the request is meant for this source: a secret of its own does, the
    /// published keys of a detached signature do not.
    fn says_for_whom(&self) -> bool {
        match self {
            Check::Any(checks) => checks.iter().all(Check::says_for_whom),
            Check::All(checks) => checks.iter().any(Check::says_for_whom),
            Check::Jws(jws) => !matches!(jws.keys, JwtKeys::Jwks(_)),
            single => single.proof() >= Proof::Password,
        }
    }

    /// Returns whether the record of a request that passes it is what a token claims.
    pub(crate) fn tells_record(&self) -> bool {
        match self {
            Check::Jwt(jwt) => jwt.record == written::TokenRecord::Claims,
            Check::Any(checks) | Check::All(checks) => checks.iter().any(Check::tells_record),
            _ => false,
        }
    }
}

fn together(checks: &[Check]) -> Proof {
    checks.iter().map(Check::proof).max().unwrap_or(Proof::Nothing)
}

/// Reads `verify`, whose checks must prove something together.
pub(crate) fn all_of_webhook(
    written: &Located<Vec<written::Check>>,
    has_public_url: bool,
    checker: &mut Checker<'_>,
) -> Result<Vec<Check>, Told> {
    let around = Surroundings { has_public_url, beside_digest: false, depth: 0 };
    let checks = list(written, around.and(written), checker)?;
    let place = written.place();
    match together(&checks) {
        Proof::Signature => {}
        // Weak alternatives have a warning of their own.
        _ if checks.iter().flat_map(Check::singles).any(|check| check.signed().is_some()) => {}
        Proof::Password => checker.warn(
            place,
            "only a fixed token proves who is calling",
            "whoever sees one request can forge the next; use a signature where the vendor offers one",
        ),
        Proof::Address => checker.warn(
            place,
            "only the address says who is calling",
            "every customer of a vendor has the vendor's addresses; add a signature or a token where the vendor offers one",
        ),
        Proof::Nothing => {
            checker.error_with(
                place,
                "the webhook verifies nothing",
                "anybody can make a digest; add the check that signs it",
            );
        }
    }
    digests_are_signed(&checks, place, checker);
    one_tells_the_record(&checks, place, checker);
    if !checks.iter().any(Check::says_for_whom)
        && checks.iter().flat_map(Check::singles).any(|check| matches!(check, Check::Jws(_)))
    {
        checker.error_with(
            place,
            "nothing says that the request is for this source: the keys of a `jwks_url` sign for others too",
            "add a check of what only your requests hold, such as `token: { from: workspaceId, secrets: [workspace_id] }`; if the keys are yours alone, name them with `jwk` or `pem`",
        );
    }
    Ok(checks)
}

/// Reports several tokens whose claims would be the record, and alternatives of which only some have one.
fn one_tells_the_record(checks: &[Check], place: Option<Place>, checker: &mut Checker<'_>) {
    if checks.iter().filter(|check| check.tells_record()).count() > 1 {
        checker.error_with(
            place,
            "the claims of two tokens would be the record",
            "write `record: claims` at the token that holds the event",
        );
    }
    for check in checks {
        match check {
            Check::All(inner) => one_tells_the_record(inner, place, checker),
            Check::Any(inner) => {
                let telling = inner.iter().filter(|check| check.tells_record()).count();
                if telling != 0 && telling != inner.len() {
                    checker.error_with(
                        place,
                        "only some of the alternatives say that the claims are the record",
                        "the record would be another by the check that passes; write `record: claims` in each, or make two sources",
                    );
                }
                inner.iter().for_each(|one| {
                    one_tells_the_record(std::slice::from_ref(one), place, checker)
                });
            }
            _ => {}
        }
    }
}

fn list(
    written: &Located<Vec<written::Check>>,
    around: Surroundings,
    checker: &mut Checker<'_>,
) -> Result<Vec<Check>, Told> {
    if written.is_empty() {
        return Err(checker.error_with(
            written.place(),
            "the list of checks is empty",
            "list at least one, or leave it out",
        ));
    }
    if written.len() > MAX_CHECKS {
        return Err(checker
            .error(written.place(), format!("there are more than {MAX_CHECKS} checks in a list")));
    }
    if around.depth > MAX_DEPTH {
        return Err(checker.error_with(
            written.place(),
            format!("checks are nested more than {MAX_DEPTH} deep"),
            "`any` inside `all` is nearly always enough; otherwise write a second source",
        ));
    }
    all(written.iter().map(|check| Check::read(check, around, checker)))
}

/// Warns of alternatives if one is weaker than another.
fn weakest_counts(checks: &[Check], place: Option<Place>, checker: &mut Checker<'_>) {
    let proofs = || checks.iter().map(Check::proof);
    let (Some(weakest), Some(strongest)) = (proofs().min(), proofs().max()) else { return };
    if weakest == Proof::Nothing {
        checker.error_with(
            place,
            "one of the alternatives proves nothing",
            "anybody can pass it; put it beside what signs it, with `all: [ … ]`",
        );
    } else if weakest < strongest {
        checker.warn(
            place,
            format!("one alternative is weaker: {} is enough here", weakest.name()),
            format!("an attacker will choose it, so {} adds nothing; remove the weaker one when the vendor no longer needs it", strongest.name()),
        );
    }
}

/// Warns of a digest that nothing signs: whoever changes the body can change it too.
fn digests_are_signed(checks: &[Check], place: Option<Place>, checker: &mut Checker<'_>) {
    for check in checks {
        let Check::Digest(digest) = check else { continue };
        let is_signed = checks
            .iter()
            .flat_map(Check::singles)
            .filter_map(Check::signed)
            .any(|signed| signed.text.signs_at(&digest.equals));
        let has_signature = checks.iter().any(|check| check.proof() == Proof::Signature);
        if has_signature && !is_signed {
            checker.warn(
                place,
                format!("the digest, `{}`, is not part of what is signed", digest.equals),
                "an attacker who changes the body can change its digest too; sign the part that holds the digest, such as `{url}`",
            );
        }
    }
}
