//! What a `jwt` check means.
//!
//! A token proves only what the file pins. A signature of an issuer that serves
//! others too proves nothing without an audience, and an algorithm that the token
//! chooses itself proves nothing at all. So a file with such a gap does not load.

use std::time::Duration;

use serde_json::Value;

use super::kind::{Kind, Proof};
use super::secret_use::SecretUse;
use super::signed::SigningText;
use super::surroundings::{REQUEST_ROOTS, Surroundings, lint_name};
use super::token::TokenFrom;
use super::token_keys::{JwtKeys, Written, shared_signer};
use crate::checked::checker::{Checker, Told, all};
use crate::checked::constant::constant;
use crate::path::{Path, Root};
use crate::written::{self, JwtAlgorithm, Located, OneOrMany, TokenRecord};

const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);

/// A signed token.
#[derive(Clone, Debug)]
pub struct Jwt {
    /// Where it is.
    pub from: TokenFrom,
    /// The prefix before it.
    pub prefix: Option<String>,
    /// The accepted algorithms; never empty, and symmetric ones are never mixed with
    /// others.
    pub algorithms: Vec<JwtAlgorithm>,
    /// Where the keys come from. They fit the algorithms.
    pub keys: JwtKeys,
    /// The accepted values of `iss`; empty for any.
    pub issuers: Vec<String>,
    /// The accepted values in `aud`; empty for any.
    pub audiences: Vec<String>,
    /// Claims and the value that each must have.
    pub claims: Vec<(String, Value)>,
    /// The claims that must be there; among them is `exp`, or `iat` with a `max_age`, unless
    /// something else bounds how often the token is good.
    pub required: Vec<String>,
    /// What the record is.
    pub record: TokenRecord,
    /// What the token's header must name as `typ`.
    pub typ: Option<String>,
    /// How far the vendor's clock may differ from ours.
    pub leeway: Duration,
    /// The age, by `iat`, of the oldest accepted token.
    pub max_age: Option<Duration>,
    /// Claims that hold a digest of the request.
    pub digests: Vec<ClaimDigest>,
}

/// A claim that holds a digest of the request.
#[derive(Clone, Debug)]
pub struct ClaimDigest {
    /// The claim.
    pub claim: String,
    /// The text that it must be.
    pub text: SigningText,
}

impl Kind for Jwt {
    fn key(&self) -> &'static str {
        "jwt"
    }

    fn proof(&self) -> Proof {
        Proof::Signature
    }

    fn secrets(&self) -> &[SecretUse] {
        self.keys.secrets()
    }

    fn in_body(&self) -> Vec<(Root, String)> {
        let mut places = self.from.in_body();
        places.extend(self.digests.iter().flat_map(|digest| digest.text.in_body()));
        places
    }
}

/// Reads a `jwt` check.
pub(crate) fn check(
    written: &Located<written::Jwt>,
    around: Surroundings,
    checker: &mut Checker<'_>,
) -> Result<Jwt, Told> {
    let path = checker.path(&written.from, &[REQUEST_ROOTS, &[Root::Body]].concat());
    lint_name(&written.from, written.from.place(), checker);
    let keys = Written {
        place: written.place(),
        algorithms: &written.algorithms,
        keys: written.keys.as_ref(),
        secrets: written.secrets.as_ref(),
    };
    let as_written = keys.keys(checker)?;
    let keys = keys.check(checker);
    let issuers = texts("issuer", written.issuer.as_ref(), checker);
    let audiences = texts("audience", written.audience.as_ref(), checker);
    let claims: Vec<_> = written
        .claims
        .iter()
        .map(|(claim, value)| (claim.clone(), constant(value, checker)))
        .collect();
    check_is_for_us(written, &as_written, &issuers, checker);
    let max_age = written.max_age.as_ref().map(|text| max_age(text, checker)).transpose();
    let digests = written.digest.iter();
    let digests =
        all(digests.map(|(claim, text)| digest(claim, text, around.has_public_url, checker)))?;
    let signs_body = digests.iter().any(|digest| digest.text.signs_body());
    let required = required(written, signs_body, checker);
    let path = path?;
    let record = record(written, &path, signs_body, checker);
    Ok(Jwt {
        from: TokenFrom::of(path),
        prefix: written.prefix.clone(),
        algorithms: (*written.algorithms).clone(),
        keys: keys?,
        issuers,
        audiences,
        claims,
        required,
        record,
        typ: written.typ.as_ref().map(|typ| (**typ).clone()),
        leeway: checker.duration_or(written.leeway.as_ref(), DEFAULT_LEEWAY),
        max_age: max_age?,
        digests,
    })
}

/// Reads a list of texts, and reports an empty one.
fn texts(
    key: &str,
    written: Option<&Located<OneOrMany>>,
    checker: &mut Checker<'_>,
) -> Vec<String> {
    let Some(written) = written else { return Vec::new() };
    let texts: Vec<_> = written.iter().map(|(text, _)| text.to_owned()).collect();
    if texts.is_empty() || texts.iter().any(String::is_empty) {
        checker.error_with(
            written.place(),
            format!("`{key}` is empty"),
            "write what the vendor's tokens hold; an empty one would match nothing or anything",
        );
    }
    texts
}

/// Reports a check that would take a token that was made for somebody else.
fn check_is_for_us(
    written: &Located<written::Jwt>,
    keys: &written::JwtKeys,
    issuers: &[String],
    checker: &mut Checker<'_>,
) {
    let place = written.place();
    let is_published = matches!(keys, written::JwtKeys::JwksUrl(_));
    let is_secret = matches!(keys, written::JwtKeys::Secrets(_));
    let binds_request = !is_published && !written.digest.is_empty();
    if written.audience.is_none() && !is_secret && !binds_request {
        checker.error_with(
            place,
            "the token has no `audience`",
            "the same keys sign tokens for others, who could send theirs here; write what `aud` holds in yours",
        );
    }
    if written.issuer.is_none() && is_published {
        checker.error_with(
            place,
            "the token has no `issuer`",
            "several issuers may publish the same keys; write what `iss` holds",
        );
    }
    let Some(shared) = shared_signer(issuers, keys) else { return };
    // Nobody can have a token that tells events (RFC 8417 §2.2): these go to the audience alone.
    let tells_events = requires(written, "events");
    let pins = || shared.pins.split(' ');
    if !tells_events && !pins().any(|claim| written.claims.contains_key(claim)) {
        let pins = pins().map(|pin| format!("`{pin}`")).collect::<Vec<_>>();
        checker.error_with(
            written.issuer.as_ref().and_then(Located::place).or(place),
            format!("anybody can have a token of `{}`, with any audience", shared.name),
            format!(
                "pin under `claims` to whom it was given: {}. For security event tokens write `events` under `required`",
                pins.join(" or ")
            ),
        );
    }
}

fn max_age(text: &Located<String>, checker: &mut Checker<'_>) -> Result<Duration, Told> {
    let age = checker.duration(text)?;
    if age.is_zero() {
        checker.warn(
            text.place(),
            "`max_age` is zero: next to no token is young enough",
            "such as `300s`",
        );
    }
    Ok(age)
}

/// Returns whether the file itself requires a claim.
fn requires(written: &written::Jwt, claim: &str) -> bool {
    written.required.as_ref().is_some_and(|listed| listed.iter().any(|known| **known == claim))
}

/// Reads the claims that must be there. `signs_body`: whether a claim holds the body's digest.
fn required(
    written: &Located<written::Jwt>,
    signs_body: bool,
    checker: &mut Checker<'_>,
) -> Vec<String> {
    let time = if written.max_age.is_some() { "iat" } else { "exp" };
    let Some(listed) = &written.required else { return vec![time.to_owned()] };
    let required: Vec<_> = listed.iter().map(|claim| (**claim).clone()).collect();
    if required.iter().any(String::is_empty) {
        checker.error(listed.place(), "a claim under `required` has no name");
    }
    // Whoever sees the token can then do no more than send the same event again.
    let tells_once = written.record.as_ref().is_some_and(|r| **r == TokenRecord::Claims)
        && requires(written, "jti");
    let is_bound = (signs_body || tells_once) && written.max_age.is_none();
    if !is_bound && !requires(written, time) {
        let (message, help) = match time {
            "iat" => (
                "`max_age` needs `iat`, which `required` leaves out",
                "a token without it would have no age; add `iat`",
            ),
            _ => (
                "nothing says when the token ends",
                "whoever sees one could use it for ever; add `exp`, or write `max_age`. A token without both is good if a claim holds the body's `digest`, or if `record` is `claims` and `jti` is required",
            ),
        };
        checker.error_with(listed.place(), message, help);
    }
    required
}

/// Reads what the record is, and reports a place in which the token, or the event, is not.
fn record(
    written: &Located<written::Jwt>,
    from: &Path,
    signs_body: bool,
    checker: &mut Checker<'_>,
) -> TokenRecord {
    let place = written.from.place();
    let record = written.record.as_ref();
    let is_claims = record.is_some_and(|record| **record == TokenRecord::Claims);
    match from.root() {
        Root::Record if from.segments().is_empty() => {
            checker.error_with(
                place,
                "the path is empty, which is the whole body as JSON",
                "if the body itself is the token, write `from: body`",
            );
        }
        root if root.is_in_body() && signs_body => {
            checker.error_with(
                place,
                "the token is in the body, and holds the digest of the body",
                "no sender can make such a token; if it is in a header, write `header.NAME`",
            );
        }
        Root::Body if !is_claims => {
            checker.error_with(
                record.map_or(place, Located::place),
                "the body is the token, and nothing of it would be left",
                "write `record: claims`: the event is what the token claims",
            );
        }
        Root::Record | Root::Form if record.is_none() => {
            checker.warn(
                place,
                "the token is in the body, where it becomes `***`",
                "if the event is in the token, write `record: claims`; if it stands beside the token, `record: body`",
            );
        }
        root if is_claims && !root.is_in_body() => {
            checker.error_with(
                record.and_then(Located::place),
                "the token is not in the body, and its claims would take the body's place",
                "leave `record` out: the body is the record",
            );
        }
        _ => {}
    }
    record.map_or(TokenRecord::Body, |record| **record)
}

fn digest(
    claim: &str,
    written: &Located<String>,
    has_public_url: bool,
    checker: &mut Checker<'_>,
) -> Result<ClaimDigest, Told> {
    let text = SigningText::check_hashed(written, has_public_url, checker)?;
    if text.is_constant() {
        checker.error_with(
            written.place(),
            "the digest is the same for every request",
            "write what the vendor digests, such as `{body|sha256_hex}`",
        );
    }
    Ok(ClaimDigest { claim: claim.to_owned(), text })
}
