//! A signed token (JWT, RFC 7519, read as RFC 8725 advises).
//!
//! The token says which algorithm and which key it was made with, and is not
//! believed: both are picked from what the source file pins. What the token
//! claims is judged before its signature, so that nobody fetches keys for a token
//! that could not pass anyway.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use mef_source::checked::{ClaimDigest, Jwt, JwtAlgorithm, JwtKeys, TokenFrom};
use serde_json::Value;
use serde_json::value::RawValue;

use super::single_check::{SingleCheck, SoFar};
use super::token;
use crate::request::Request;
use crate::verify::context::Context;
use crate::verify::denied::Denied;
use crate::verify::keys::jwk::{JwkSet, VerifyingKey};
use crate::verify::keys::live_secrets::names;
use crate::verify::keys::published::{KeyKind, KeySource};
use crate::verify::read::credential::Credential;
use crate::verify::read::json::elements;
use crate::verify::read::strict_json::{Members, string};
use crate::verify::request_part::RequestPart;
use crate::verify::signed::signed_text::{Around, signed_text};
use crate::verify::told::{explanation::Noticed, notes::Notes};

/// The longest token that is read. Gateways take 10 KiB of headers.
const MAX_TOKEN: usize = 16 * 1024;

/// The most tokens of a list in a body that are read.
const MAX_TOKENS: usize = 32;

impl SingleCheck for Jwt {
    /// Checks every token. What decided is what the first was signed with.
    fn check(&self, context: Context<'_>, notes: &mut Notes) -> Result<Option<String>, Denied> {
        judge(self, &self.digests, context, notes).map(Some)
    }

    fn needs_body(&self) -> bool {
        from_body(self) || self.digests.iter().any(|digest| digest.text.reads_body())
    }

    fn notice(&self, context: Context<'_>) -> Vec<Noticed> {
        vec![token::notice(&self.from, context.request)]
    }

    fn credentials(&self) -> Vec<Credential<'_>> {
        vec![Credential::of_token(&self.from)]
    }

    fn wanted_keys(&self, request: &Request, now: Timestamp) -> Option<KeySource> {
        let JwtKeys::Jwks(url) = &self.keys else { return None };
        let could_pass = |text: &String| {
            let compact = Compact::split(text, &self.from)?;
            UnverifiedToken::read(&compact, self)?.check_claims(self, now)
        };
        let tokens = received(self, request).ok()?;
        tokens.iter().try_for_each(could_pass).ok()?;
        Some(KeySource { url: url.clone(), kind: KeyKind::Jwks })
    }

    fn is_authorization(&self) -> bool {
        token::is_authorization(&self.from)
    }

    fn is_in_head(&self) -> bool {
        !from_body(self)
    }

    /// Judges everything except the claims that hold digests of the request.
    fn check_head(&self, context: Context<'_>) -> Result<SoFar, Denied> {
        if from_body(self) {
            return Ok(SoFar::Open);
        }
        judge(self, &[], context, &mut Notes::default())?;
        Ok(if self.digests.is_empty() { SoFar::Passed } else { SoFar::Open })
    }
}

fn from_body(jwt: &Jwt) -> bool {
    token::is_in_body(&jwt.from)
}

fn judge(
    jwt: &Jwt,
    digests: &[ClaimDigest],
    context: Context<'_>,
    notes: &mut Notes,
) -> Result<String, Denied> {
    let mut signed_by = None;
    for text in received(jwt, context.request)? {
        let compact = Compact::split(&text, &jwt.from)?;
        let token = UnverifiedToken::read(&compact, jwt)?;
        token.check_claims(jwt, context.now)?;
        digests.iter().try_for_each(|digest| token.check_digest(digest, context))?;
        let by = token.check_signature(jwt, context)?;
        notes.tried(&by, true);
        signed_by.get_or_insert(by);
    }
    signed_by.ok_or_else(|| Denied::Missing(token::part(&jwt.from)))
}

/// Reads the tokens as text, without their prefix; at least one.
fn received(jwt: &Jwt, request: &Request) -> Result<Vec<String>, Denied> {
    let part = || token::part(&jwt.from);
    let received = token::received(&jwt.from, request)?;
    if received.len() > MAX_TOKENS {
        return Err(Denied::TooManySignatures { part: part(), limit: MAX_TOKENS });
    }
    let texts = received.iter().map(|text| {
        let prefix = jwt.prefix.as_deref();
        let text = token::without_prefix(text, prefix).ok_or_else(|| Denied::TokenPrefix {
            part: part(),
            prefix: prefix.unwrap_or_default().to_owned(),
        })?;
        if text.is_empty() {
            return Err(Denied::Missing(part()));
        }
        std::str::from_utf8(text).map(str::to_owned).map_err(|_| Denied::NotText(part()))
    });
    texts.collect()
}

/// A token in its compact form (RFC 7515 §7.1), split and decoded.
struct Compact<'t> {
    part: RequestPart,
    header: Vec<u8>,
    claims: Vec<u8>,
    /// What the signature is made over.
    signing_input: &'t str,
    /// In base64url.
    signature: &'t str,
}

impl<'t> Compact<'t> {
    fn split(text: &'t str, from: &TokenFrom) -> Result<Compact<'t>, Denied> {
        let part = token::part(from);
        let malformed = |reason| Denied::JwtMalformed { part: part.clone(), reason };
        if text.len() > MAX_TOKEN {
            return Err(malformed("it is longer than 16 KiB"));
        }
        let pieces: Vec<_> = text.split('.').collect();
        let &[header, claims, signature] = pieces.as_slice() else {
            return Err(malformed("it has not three parts"));
        };
        let decode = |piece: &str| {
            URL_SAFE_NO_PAD.decode(piece).ok().filter(|bytes| !bytes.is_empty()).ok_or_else(|| {
                malformed("a part is not base64 with the URL alphabet and no padding")
            })
        };
        decode(signature)?;
        let (header, claims) = (decode(header)?, decode(claims)?);
        let signing_input = text.rsplit_once('.').map_or("", |(before, _)| before);
        Ok(Compact { part, header, claims, signing_input, signature })
    }
}

/// A token that was read but is not verified yet.
struct UnverifiedToken<'t> {
    compact: &'t Compact<'t>,
    algorithm: JwtAlgorithm,
    kid: Option<String>,
    claims: Members<'t>,
}

impl<'t> UnverifiedToken<'t> {
    fn read(compact: &'t Compact<'t>, jwt: &Jwt) -> Result<UnverifiedToken<'t>, Denied> {
        let part = &compact.part;
        let malformed = |reason| Denied::JwtMalformed { part: part.clone(), reason };
        let unclear = "a part is not a JSON object in which each key is there once";
        let header = Members::parse_deep(&compact.header).ok_or_else(|| malformed(unclear))?;
        // Extensions that must be understood, and none is (RFC 7515 §4.1.11).
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
            part: part.clone(),
            algorithms: jwt.algorithms.iter().map(|listed| listed.name()).collect(),
        })?;
        let claims = Members::parse_deep(&compact.claims).ok_or_else(|| malformed(unclear))?;
        Ok(UnverifiedToken { compact, algorithm, kid, claims })
    }

    fn wrong(&self, claim: &str, reason: &'static str) -> Denied {
        Denied::JwtClaim { part: self.compact.part.clone(), claim: claim.to_owned(), reason }
    }

    fn check_claims(&self, jwt: &Jwt, now: Timestamp) -> Result<(), Denied> {
        let wrong = |claim: &str, reason| self.wrong(claim, reason);
        for claim in &jwt.required {
            if self.claims.get(claim).is_none_or(|value| value.get() == "null") {
                return Err(wrong(claim, "is missing"));
            }
        }
        self.check_times(jwt, now)?;
        let other = "is not what the source lists";
        if !jwt.issuers.is_empty() {
            let issuer = self.claims.string("iss").ok_or_else(|| wrong("iss", "is missing"))?;
            if !jwt.issuers.contains(&issuer) {
                return Err(wrong("iss", other));
            }
        }
        if !jwt.audiences.is_empty() {
            let audience = self.claims.get("aud").ok_or_else(|| wrong("aud", "is missing"))?;
            // One text, or a list; one match is enough (RFC 7519 §4.1.3).
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

    /// Checks the times that are there, whether or not they must be.
    fn check_times(&self, jwt: &Jwt, now: Timestamp) -> Result<(), Denied> {
        let wrong = |claim: &str, reason| self.wrong(claim, reason);
        let time = |claim: &str| match self.claims.get(claim) {
            None => Ok(None),
            Some(value) => {
                numeric_date(value).map(Some).ok_or_else(|| wrong(claim, "is not a time"))
            }
        };
        let now = i128::from(now.as_second());
        let leeway = i128::from(jwt.leeway.as_secs());
        // `exp` is the first moment at which the token is not valid (RFC 7519 §4.1.4).
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

    /// Finds the key that made the signature, and returns where it comes from.
    fn check_signature(&self, jwt: &Jwt, context: Context<'_>) -> Result<String, Denied> {
        let Compact { part, signing_input, signature, .. } = self.compact;
        let verifies = |key: &VerifyingKey| {
            key.fits(self.algorithm)
                && key.verifies(self.algorithm, signing_input.as_bytes(), signature)
        };
        let fails = |fits, secrets| match fits {
            true => Denied::JwtSignature { part: part.clone(), secrets },
            false => Denied::JwtNoKey { part: part.clone(), secrets },
        };
        let kid = self.kid.as_deref();
        let uses = match &jwt.keys {
            JwtKeys::Jwks(url) => {
                let mut fitting =
                    context.secrets.jwks(url)?.fitting(self.algorithm, kid).peekable();
                let fits = fitting.peek().is_some();
                return match fitting.any(verifies) {
                    true => Ok(url.to_string()),
                    false => Err(fails(fits, Vec::new())),
                };
            }
            JwtKeys::Secrets(uses) | JwtKeys::Jwk(uses) | JwtKeys::Pem(uses) => uses,
        };
        let live = context.secrets.live(uses, context.now)?;
        let mut fits = false;
        let mut signed_by = None;
        for (name, secret) in &live {
            let text = secret.expose();
            let not_a = |what| Denied::JwtKeyMalformed { name: (*name).to_owned(), what };
            let matches = match &jwt.keys {
                JwtKeys::Secrets(_) => {
                    fits = true;
                    verifies(&VerifyingKey::of_secret(text.as_bytes()))
                }
                JwtKeys::Pem(_) => {
                    let key =
                        VerifyingKey::of_pem(text).ok_or_else(|| not_a("a public key as PEM"))?;
                    fits |= key.fits(self.algorithm);
                    verifies(&key)
                }
                JwtKeys::Jwk(_) | JwtKeys::Jwks(_) => {
                    let set = JwkSet::of_secret(text)
                        .ok_or_else(|| not_a("a JSON Web Key or a set of them, of a known kind"))?;
                    let mut fitting = set.fitting(self.algorithm, kid).peekable();
                    fits |= fitting.peek().is_some();
                    fitting.any(verifies)
                }
            };
            if matches {
                signed_by = Some(*name);
            }
        }
        signed_by.map(str::to_owned).ok_or_else(|| fails(fits, names(&live)))
    }

    /// Checks a claim that holds a digest of the request.
    fn check_digest(&self, digest: &ClaimDigest, context: Context<'_>) -> Result<(), Denied> {
        let claim = &digest.claim;
        let claimed = self.claims.string(claim).ok_or_else(|| self.wrong(claim, "is missing"))?;
        let around = Around::request(context.request, context.public_url());
        let text = signed_text(&digest.text, &around)?;
        verify_slices_are_equal(&text.concat(), claimed.as_bytes())
            .map_err(|_| self.wrong(claim, "is not the digest of this request"))
    }
}

/// Reads whole seconds since the epoch (RFC 7519 §2). A sign, an exponent, or more
/// digits than a time has make it no time.
fn numeric_date(value: &RawValue) -> Option<i128> {
    let (whole, fraction) = value.get().split_once('.').unwrap_or((value.get(), "0"));
    let digits = |text: &str| {
        (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    whole.parse().ok().filter(|_| digits(whole) && digits(fraction))
}
