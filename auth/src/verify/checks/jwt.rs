//! A signed token (JWT, RFC 7519, read as RFC 8725 advises).
//!
//! The token says which algorithm and which key it was made with, and is not
//! believed: both are picked out of what the source file pins. What the token
//! claims is judged before its signature, so that one which could not pass
//! anyway makes nobody fetch keys.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use mef_source::checked::{ClaimDigest, Jwt, JwtAlgorithm, JwtKeys, TokenFrom};
use serde_json::Value;
use serde_json::value::RawValue;
use url::Url;

use super::token;
use crate::Request;
use crate::verify::keys::jwk::{JwkSet, Key};
use crate::verify::keys::live_secrets as key;
use crate::verify::keys::published::Keys;
use crate::verify::read::request_part::Place;
use crate::verify::read::strict_json::{Members, elements, string};
use crate::verify::signed::signed_text::{Around, signed_text};
use crate::verify::told::denied::Denied;
use crate::verify::told::mask::Mask;
use crate::verify::{Context, LiveSecrets};

/// The longest token that is looked at. Gateways take 10 KiB of headers.
const MAX_TOKEN: usize = 16 * 1024;

/// The most tokens of a list in a body that are looked at.
const MAX_TOKENS: usize = 32;

/// Checks every token and gives the name of the secret, or the URL of the
/// keys, that the first was signed with.
pub(crate) fn check(jwt: &Jwt, context: Context<'_>, mask: &mut Mask) -> Result<String, Denied> {
    judge(jwt, context, mask, |token, place| {
        jwt.digests.iter().try_for_each(|digest| check_digest(digest, token, place, context))
    })
}

/// As [`check`], without the claims that hold digests of the request.
pub(crate) fn check_head(jwt: &Jwt, context: Context<'_>) -> Result<(), Denied> {
    judge(jwt, context, &mut Mask::default(), |_, _| Ok(())).map(|_| ())
}

/// Whether the request has a token that could pass, if a key says so.
pub(crate) fn could_pass(jwt: &Jwt, request: &Request, now: Timestamp) -> bool {
    received(jwt, request, &mut Mask::default())
        .and_then(|tokens| {
            let place = token::place(&jwt.from);
            tokens.iter().try_for_each(|text| {
                let (header, claims, _) = parts(text, &place)?;
                Token::read(&header, &claims, jwt, &place)?.check_claims(jwt, now, &place)
            })
        })
        .is_ok()
}

/// Whether the check reads the body.
pub(crate) fn needs_body(jwt: &Jwt) -> bool {
    from_body(jwt) || jwt.digests.iter().any(|digest| digest.text.reads_body())
}

/// Whether the token itself is in the body.
pub(crate) fn from_body(jwt: &Jwt) -> bool {
    matches!(jwt.from, TokenFrom::Json(_))
}

fn judge(
    jwt: &Jwt,
    context: Context<'_>,
    mask: &mut Mask,
    digests: impl Fn(&Token<'_>, &Place) -> Result<(), Denied>,
) -> Result<String, Denied> {
    let place = token::place(&jwt.from);
    let mut signed_by = None;
    let Context { request, secrets, now, .. } = context;
    for text in received(jwt, request, mask)? {
        let (header, claims, signed) = parts(&text, &place)?;
        let token = Token::read(&header, &claims, jwt, &place)?;
        token.check_claims(jwt, now, &place)?;
        digests(&token, &place)?;
        let by = check_signature(jwt, &token, &signed, secrets, now, &place)?;
        mask.trace.tried(&by, true);
        signed_by.get_or_insert(by);
    }
    signed_by.ok_or(Denied::Missing { place })
}

/// The tokens as text, without their prefix; at least one.
fn received(jwt: &Jwt, request: &Request, mask: &mut Mask) -> Result<Vec<String>, Denied> {
    let place = token::place(&jwt.from);
    let received = token::received(&jwt.from, request, mask)?;
    if received.len() > MAX_TOKENS {
        return Err(Denied::TooManySignatures { place, limit: MAX_TOKENS });
    }
    let texts = received.iter().map(|text| {
        let prefix = jwt.prefix.as_deref();
        let text = token::without_prefix(text, prefix).ok_or_else(|| Denied::TokenPrefix {
            place: place.clone(),
            prefix: prefix.unwrap_or_default().to_owned(),
        })?;
        if text.is_empty() {
            return Err(Denied::Missing { place: place.clone() });
        }
        std::str::from_utf8(text)
            .map(str::to_owned)
            .map_err(|_| Denied::NotText { place: place.clone() })
    });
    texts.collect()
}

/// What the signature of a token is made over, and the signature.
struct Signed<'t> {
    message: &'t str,
    signature: &'t str,
}

/// Header and claims, decoded, and what is signed (RFC 7515 §7.1).
fn parts<'t>(text: &'t str, place: &Place) -> Result<(Vec<u8>, Vec<u8>, Signed<'t>), Denied> {
    let malformed = |reason| Denied::JwtMalformed { place: place.clone(), reason };
    if text.len() > MAX_TOKEN {
        return Err(malformed("it is longer than 16 KiB"));
    }
    let (message, signature) =
        text.rsplit_once('.').ok_or_else(|| malformed("it has not three parts"))?;
    let (header, claims) = message
        .split_once('.')
        .filter(|(_, claims)| !claims.contains('.'))
        .ok_or_else(|| malformed("it has not three parts"))?;
    let decode = |part: &str| {
        base64url(part)
            .filter(|bytes| !bytes.is_empty())
            .ok_or_else(|| malformed("a part is not base64 with the URL alphabet and no padding"))
    };
    decode(signature)?;
    Ok((decode(header)?, decode(claims)?, Signed { message, signature }))
}

pub(crate) fn base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A token, read and not yet believed.
struct Token<'t> {
    algorithm: JwtAlgorithm,
    kid: Option<String>,
    claims: Members<'t>,
}

impl<'t> Token<'t> {
    fn read(
        header: &[u8],
        claims: &'t [u8],
        jwt: &Jwt,
        place: &Place,
    ) -> Result<Token<'t>, Denied> {
        let malformed = |reason| Denied::JwtMalformed { place: place.clone(), reason };
        let unclear = "a part is not a JSON object in which each key is there once";
        let header = Members::parse_deep(header).ok_or_else(|| malformed(unclear))?;
        // Extensions that must be understood; none is (RFC 7515 §4.1.11).
        if header.get("crit").is_some() {
            return Err(malformed("it demands an extension, with `crit`"));
        }
        let alg = header.string("alg").ok_or_else(|| malformed("its header has no `alg`"))?;
        let kid = match header.get("kid") {
            None => None,
            Some(kid) => Some(string(kid).ok_or_else(|| malformed("its `kid` is not text"))?),
        };
        let listed = jwt.algorithms.iter().copied().find(|listed| listed.name() == alg);
        let algorithm = listed.ok_or_else(|| Denied::JwtAlgorithm {
            place: place.clone(),
            algorithms: jwt.algorithms.iter().map(|listed| listed.name()).collect(),
        })?;
        let claims = Members::parse_deep(claims).ok_or_else(|| malformed(unclear))?;
        Ok(Token { algorithm, kid, claims })
    }

    fn check_claims(&self, jwt: &Jwt, now: Timestamp, place: &Place) -> Result<(), Denied> {
        let wrong = |claim: &str, reason| Denied::JwtClaim {
            place: place.clone(),
            claim: claim.to_owned(),
            reason,
        };
        for claim in &jwt.required {
            if self.claims.get(claim).is_none_or(|value| value.get() == "null") {
                return Err(wrong(claim, "is missing"));
            }
        }
        self.check_times(jwt, now, &wrong)?;
        let other = "is not what the source lists";
        if !jwt.issuers.is_empty() {
            let issuer = self.claims.string("iss").ok_or_else(|| wrong("iss", "is missing"))?;
            if !jwt.issuers.contains(&issuer) {
                return Err(wrong("iss", other));
            }
        }
        if !jwt.audiences.is_empty() {
            let audience = self.claims.get("aud").ok_or_else(|| wrong("aud", "is missing"))?;
            // One text, or a list of which one is enough (RFC 7519 §4.1.3).
            let listed = match elements(audience) {
                Some(list) => list.into_iter().map(string).collect::<Option<Vec<_>>>(),
                None => string(audience).map(|audience| vec![audience]),
            };
            let listed = listed.ok_or_else(|| wrong("aud", "has the wrong type"))?;
            if !listed.iter().any(|audience| jwt.audiences.contains(audience)) {
                return Err(wrong("aud", other));
            }
        }
        for (claim, pinned) in &jwt.claims {
            let value = self.claims.get(claim).ok_or_else(|| wrong(claim, "is missing"))?;
            let value: Value =
                serde_json::from_str(value.get()).map_err(|_| wrong(claim, other))?;
            if value != *pinned {
                return Err(wrong(claim, other));
            }
        }
        Ok(())
    }

    /// Times bind where they are there, whether or not they must be.
    fn check_times(
        &self,
        jwt: &Jwt,
        now: Timestamp,
        wrong: &impl Fn(&str, &'static str) -> Denied,
    ) -> Result<(), Denied> {
        let time = |claim: &str| match self.claims.get(claim) {
            None => Ok(None),
            Some(value) => {
                numeric_date(value).map(Some).ok_or_else(|| wrong(claim, "is not a time"))
            }
        };
        let now = i128::from(now.as_second());
        let leeway = i128::from(jwt.leeway.as_secs());
        // `exp` is the first moment at which it counts no more (RFC 7519 §4.1.4).
        if time("exp")?.is_some_and(|exp| now >= exp + leeway) {
            return Err(wrong("exp", "is past: a replay, or a wrong clock"));
        }
        if time("nbf")?.is_some_and(|nbf| now < nbf - leeway) {
            return Err(wrong("nbf", "is in the future: check the clock here"));
        }
        let issued = time("iat")?;
        if issued.is_some_and(|iat| iat > now + leeway) {
            return Err(wrong("iat", "is in the future: check the clock here"));
        }
        match (jwt.max_age, issued) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(wrong("iat", "is missing")),
            (Some(max_age), Some(iat)) if now - iat > i128::from(max_age.as_secs()) => {
                Err(wrong("iat", "is too old: a replay, or a wrong clock"))
            }
            (Some(_), Some(_)) => Ok(()),
        }
    }
}

/// Seconds since the epoch, a fraction left out (RFC 7519 §2). Signs, exponents
/// and more digits than a time has are no time.
fn numeric_date(value: &RawValue) -> Option<i128> {
    let (whole, fraction) = value.get().split_once('.').unwrap_or((value.get(), "0"));
    let digits = |text: &str| {
        (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    whole.parse().ok().filter(|_| digits(whole) && digits(fraction))
}

/// Finds the key that made the signature, and says where it comes from.
fn check_signature(
    jwt: &Jwt,
    token: &Token<'_>,
    signed: &Signed<'_>,
    secrets: &LiveSecrets,
    now: Timestamp,
    place: &Place,
) -> Result<String, Denied> {
    let verifies = |key: &Key| {
        key.fits(token.algorithm)
            && key.verifies(token.algorithm, signed.message.as_bytes(), signed.signature)
    };
    let kid = token.kid.as_deref();
    let uses = match &jwt.keys {
        JwtKeys::Jwks(url) => {
            let Some(Keys::Jwks(set)) = secrets.keys(url) else {
                return Err(Denied::KeysMissing { host: url.host_str().unwrap_or("").to_owned() });
            };
            let mut fitting = set.fitting(token.algorithm, kid).peekable();
            if fitting.peek().is_none() {
                return Err(Denied::JwtNoKey { place: place.clone(), secrets: Vec::new() });
            }
            return match fitting.any(verifies) {
                true => Ok(url.to_string()),
                false => Err(Denied::JwtSignature { place: place.clone(), secrets: Vec::new() }),
            };
        }
        JwtKeys::Secrets(uses) | JwtKeys::Jwk(uses) | JwtKeys::Pem(uses) => uses,
    };
    let live = key::live(uses, secrets, now)?;
    let mut fits = false;
    let mut signed_by = None;
    for (name, secret) in &live {
        let text = secret.expose();
        let not_a = |what| Denied::JwtKeyMalformed { name: (*name).to_owned(), what };
        let matches = match &jwt.keys {
            JwtKeys::Secrets(_) => {
                fits = true;
                verifies(&Key::of_secret(text.as_bytes()))
            }
            JwtKeys::Pem(_) => {
                let key = Key::of_pem(text).ok_or_else(|| not_a("a public key as PEM"))?;
                fits |= key.fits(token.algorithm);
                verifies(&key)
            }
            JwtKeys::Jwk(_) | JwtKeys::Jwks(_) => {
                let set = JwkSet::of_secret(text)
                    .ok_or_else(|| not_a("a JSON Web Key or a set of them, of a known kind"))?;
                let mut fitting = set.fitting(token.algorithm, kid).peekable();
                fits |= fitting.peek().is_some();
                fitting.any(verifies)
            }
        };
        if matches {
            signed_by = Some(*name);
        }
    }
    match signed_by {
        Some(name) => Ok(name.to_owned()),
        None if fits => {
            Err(Denied::JwtSignature { place: place.clone(), secrets: key::names(&live) })
        }
        None => Err(Denied::JwtNoKey { place: place.clone(), secrets: key::names(&live) }),
    }
}

fn check_digest(
    claim: &ClaimDigest,
    token: &Token<'_>,
    place: &Place,
    context: Context<'_>,
) -> Result<(), Denied> {
    let wrong =
        |reason| Denied::JwtClaim { place: place.clone(), claim: claim.claim.clone(), reason };
    let claimed = token.claims.string(&claim.claim).ok_or_else(|| wrong("is missing"))?;
    let url = context.webhook.public_url.as_ref().map(Url::as_str);
    let text = signed_text(&claim.text, &Around::request(context.request, url))?;
    verify_slices_are_equal(&text.concat(), claimed.as_bytes())
        .map_err(|_| wrong("is not the digest of this request"))
}
