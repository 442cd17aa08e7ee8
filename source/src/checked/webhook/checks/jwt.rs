//! What a `jwt` check means.
//!
//! A token proves only what the file pins. A signature of an issuer that serves
//! others too proves nothing without an audience, and an algorithm that the token
//! chooses itself proves nothing at all. So a file with such a gap does not load.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::kind::{Kind, Proof};
use super::secret_use::{SecretUse, secrets};
use super::signed::SigningText;
use super::surroundings::{REQUEST_ROOTS, Surroundings};
use super::token::TokenFrom;
use crate::checked::checker::{Checker, Told, all};
use crate::checked::constant::constant;
use crate::checked::origin::Origin;
use crate::written::{self, JwtAlgorithm, Located, OneOrMany};

const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);

/// Issuers that give tokens to anybody.
const SHARED_ISSUERS: &str = include_str!("shared_issuers.txt");

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
    /// The claims that must be there; among them is `exp`, or `iat` with a `max_age`.
    pub required: Vec<String>,
    /// How far the vendor's clock may differ from ours.
    pub leeway: Duration,
    /// The age, by `iat`, of the oldest accepted token.
    pub max_age: Option<Duration>,
    /// Claims that hold a digest of the request.
    pub digests: Vec<ClaimDigest>,
}

/// Where a token's keys come from.
#[derive(Clone, Debug)]
pub enum JwtKeys {
    /// The issuer's JSON Web Key Set: `https`, or loopback.
    Jwks(Url),
    /// Secrets that are the key of an HMAC; never empty.
    Secrets(Vec<SecretUse>),
    /// Secrets that hold a JSON Web Key or a set of them; never empty.
    Jwk(Vec<SecretUse>),
    /// Secrets that hold a public key as PEM; never empty.
    Pem(Vec<SecretUse>),
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
        match &self.keys {
            JwtKeys::Jwks(_) => &[],
            JwtKeys::Secrets(secrets) | JwtKeys::Jwk(secrets) | JwtKeys::Pem(secrets) => secrets,
        }
    }
}

/// Reads a `jwt` check.
pub(crate) fn check(
    written: &Located<written::Jwt>,
    around: Surroundings,
    checker: &mut Checker<'_>,
) -> Result<Jwt, Told> {
    let path = checker.path(&written.from, REQUEST_ROOTS);
    let fits = algorithms_fit(written, checker);
    let keys = keys(&written.keys, checker);
    let issuers = texts("issuer", written.issuer.as_ref(), checker);
    let audiences = texts("audience", written.audience.as_ref(), checker);
    let claims: Vec<_> = written
        .claims
        .iter()
        .map(|(claim, value)| (claim.clone(), constant(value, checker)))
        .collect();
    check_is_for_us(written, &issuers, checker);
    let max_age = written.max_age.as_ref().map(|text| max_age(text, checker)).transpose();
    let required = required(written, checker);
    let digests = written.digest.iter();
    let digests =
        all(digests.map(|(claim, text)| digest(claim, text, around.has_public_url, checker)));
    fits?;
    Ok(Jwt {
        from: TokenFrom::of(path?),
        prefix: written.prefix.clone(),
        algorithms: (*written.algorithms).clone(),
        keys: keys?,
        issuers,
        audiences,
        claims,
        required,
        leeway: checker.duration_or(written.leeway.as_ref(), DEFAULT_LEEWAY),
        max_age: max_age?,
        digests: digests?,
    })
}

/// Reports algorithms that do not fit the keys. Public keys are public: if one were
/// taken for a shared secret, anybody could sign.
fn algorithms_fit(written: &Located<written::Jwt>, checker: &mut Checker<'_>) -> Result<(), Told> {
    let algorithms = &written.algorithms;
    let symmetric = algorithms.iter().filter(|algorithm| algorithm.is_symmetric()).count();
    if algorithms.is_empty() {
        return Err(checker.error_with(
            algorithms.place(),
            "no algorithm is taken",
            "list what the vendor signs with, such as `algorithms: [RS256]`",
        ));
    }
    if symmetric != 0 && symmetric != algorithms.len() {
        return Err(checker.error_with(
            algorithms.place(),
            "`HS…` algorithms are mixed with those of public keys",
            "whoever knows a public key could use it as the secret; write two checks under `any`",
        ));
    }
    let (message, help) = match (&*written.keys, symmetric == 0) {
        (written::JwtKeys::JwksUrl(_) | written::JwtKeys::Pem(_), false) => (
            "`HS…` algorithms are used with public keys",
            "whoever knows a public key could sign with it; take out the `HS…` ones, or name the shared secret: `keys: { secrets: [jwt_secret] }`",
        ),
        (written::JwtKeys::Secrets(_), true) => (
            "a shared secret verifies only `HS…` algorithms",
            "name the public key with `jwks_url`, `jwk` or `pem`",
        ),
        _ => return Ok(()),
    };
    Err(checker.error_with(written.keys.place(), message, help))
}

fn keys(written: &Located<written::JwtKeys>, checker: &mut Checker<'_>) -> Result<JwtKeys, Told> {
    Ok(match &**written {
        written::JwtKeys::JwksUrl(url) => JwtKeys::Jwks(jwks_url(url, checker)?),
        written::JwtKeys::Secrets(names) => JwtKeys::Secrets(secrets(names, checker)?),
        written::JwtKeys::Jwk(names) => JwtKeys::Jwk(secrets(names, checker)?),
        written::JwtKeys::Pem(names) => JwtKeys::Pem(secrets(names, checker)?),
    })
}

fn jwks_url(text: &Located<String>, checker: &mut Checker<'_>) -> Result<Url, Told> {
    let url = Url::parse(text).ok().filter(|url| {
        let loopback = Origin::of(url).is_some_and(|origin| origin.is_loopback());
        (url.scheme() == "https" || (url.scheme() == "http" && loopback))
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    });
    url.ok_or_else(|| {
        checker.error_with(
            text.place(),
            "`jwks_url` is not a URL that keys can be trusted from",
            "write the issuer's `jwks_uri`, with `https` (`http` only for this machine) and without a password",
        )
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
fn check_is_for_us(written: &Located<written::Jwt>, issuers: &[String], checker: &mut Checker<'_>) {
    let place = written.place();
    let is_published = matches!(&*written.keys, written::JwtKeys::JwksUrl(_));
    let is_secret = matches!(&*written.keys, written::JwtKeys::Secrets(_));
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
    for (issuer, pins) in
        SHARED_ISSUERS.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once(' '))
    {
        let is_pinned = pins.split(' ').any(|claim| written.claims.contains_key(claim));
        if issuers.iter().any(|written| written == issuer) && !is_pinned {
            let pins = pins.split(' ').map(|pin| format!("`{pin}`")).collect::<Vec<_>>();
            checker.error_with(
                written.issuer.as_ref().and_then(Located::place),
                format!("anybody can have a token of `{issuer}`, with any audience"),
                format!("pin under `claims` to whom it was given: {}", pins.join(" or ")),
            );
        }
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

fn required(written: &Located<written::Jwt>, checker: &mut Checker<'_>) -> Vec<String> {
    let time = if written.max_age.is_some() { "iat" } else { "exp" };
    let Some(listed) = &written.required else { return vec![time.to_owned()] };
    let required: Vec<_> = listed.iter().map(|claim| (**claim).clone()).collect();
    if required.iter().any(String::is_empty) {
        checker.error(listed.place(), "a claim under `required` has no name");
    }
    if !required.iter().any(|claim| claim == time) {
        let (message, help) = match time {
            "iat" => (
                "`max_age` needs `iat`, which `required` leaves out",
                "a token without it would have no age; add `iat`",
            ),
            _ => (
                "nothing says when the token ends",
                "whoever sees one could use it for ever; add `exp`, or write `max_age`",
            ),
        };
        checker.error_with(listed.place(), message, help);
    }
    required
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
