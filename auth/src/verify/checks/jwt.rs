//! A signed token (JWT, RFC 7519, read as RFC 8725 advises).
//!
//! The token says which algorithm and which key it was made with, and is not
//! believed: both are picked from what the source file pins. What the token
//! claims is judged before its signature, so that nobody fetches keys for a token
//! that could not pass anyway.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use jiff::Timestamp;
use mef_source::checked::{ClaimDigest, Jwt, JwtKeys, TokenRecord};
use serde_json::Value;
use serde_json::value::RawValue;

use super::compact::{Compact, Head, received};
use super::single_check::{SingleCheck, SoFar};
use super::token;
use crate::request::Request;
use crate::verify::context::Context;
use crate::verify::denied::Denied;
use crate::verify::keys::published::{KeyKind, KeySource};
use crate::verify::keys::signer::SignedToken;
use crate::verify::read::credential::Credential;
use crate::verify::read::each::each_element;
use crate::verify::read::strict_json::{Members, string};
use crate::verify::signed::signed_text::{Around, signed_text};
use crate::verify::told::{explanation::Noticed, notes::Notes};

/// The longest claim, in bytes of JSON, that is compared with what the source file pins.
const MAX_PINNED: usize = 16 * 1024;

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
            let payload = compact.payload()?;
            UnverifiedToken::read(&compact, &payload, self)?.check_claims(self, now)
        };
        tokens(self, request).ok()?.iter().try_for_each(could_pass).ok()?;
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
    let mut claims = Vec::new();
    for text in tokens(jwt, context.request)? {
        let compact = Compact::split(&text, &jwt.from)?;
        let payload = compact.payload()?;
        let token = UnverifiedToken::read(&compact, &payload, jwt)?;
        token.check_claims(jwt, context.now)?;
        digests.iter().try_for_each(|digest| token.check_digest(digest, context))?;
        let by = token.check_signature(jwt, context)?;
        notes.tried(&by, true);
        signed_by.get_or_insert(by);
        claims.push(payload);
    }
    if jwt.record == TokenRecord::Claims {
        notes.record = Some(match claims.as_slice() {
            [one] => one.clone(),
            several => [b"[", &*several.join(&b","[..]), b"]"].concat(),
        });
    }
    signed_by.ok_or_else(|| Denied::Missing(token::part(&jwt.from)))
}

fn tokens(jwt: &Jwt, request: &Request) -> Result<Vec<String>, Denied> {
    received(&jwt.from, jwt.prefix.as_deref(), request)
}

/// A token that was read but is not verified yet.
struct UnverifiedToken<'t> {
    compact: &'t Compact<'t>,
    head: Head,
    claims: Members<'t>,
}

impl<'t> UnverifiedToken<'t> {
    fn read(
        compact: &'t Compact<'t>,
        payload: &'t [u8],
        jwt: &Jwt,
    ) -> Result<UnverifiedToken<'t>, Denied> {
        let head = compact.head(&jwt.algorithms)?;
        // Claims are always in base64url (RFC 7797 §7).
        if head.is_plain {
            return Err(compact.malformed("it demands an extension, with `crit`"));
        }
        if let Some(typ) = &jwt.typ
            && !head.typ.as_deref().is_some_and(|found| is_type(found, typ))
        {
            return Err(compact.malformed("its `typ` is not the `type` that the source names"));
        }
        Ok(UnverifiedToken { compact, head, claims: compact.claims(payload, jwt.record)? })
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
            let mut is_ours = false;
            let mut see = |value| {
                let audience = string(value);
                is_ours |= audience.as_ref().is_some_and(|aud| jwt.audiences.contains(aud));
                audience.is_some()
            };
            // One text, or a list; one match is enough (RFC 7519 §4.1.3).
            let is_read = match audience.get().starts_with('[') {
                true => each_element(audience, see).is_some(),
                false => see(audience),
            };
            if !is_read {
                return Err(wrong("aud", "has the wrong type"));
            }
            if !is_ours {
                return Err(wrong("aud", other));
            }
        }
        for (claim, pinned) in &jwt.claims {
            let text = self.claims.get(claim).ok_or_else(|| wrong(claim, "is missing"))?.get();
            // What a source file pins is short; a long one is not even read.
            if text.len() > MAX_PINNED {
                return Err(wrong(claim, other));
            }
            let value: Value = serde_json::from_str(text).map_err(|_| wrong(claim, other))?;
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
        let signed = SignedToken {
            part: &self.compact.part,
            algorithm: self.head.algorithm,
            kid: self.head.kid.as_deref(),
            input: self.compact.signing_input.as_bytes(),
            signature: self.compact.signature,
        };
        signed.signer(&jwt.keys, context.secrets, context.now)
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

/// Returns whether a token's `typ` is the media type that is wanted, with or without `application/` before
/// it, in either case (RFC 7515 §4.1.9).
fn is_type(found: &str, wanted: &str) -> bool {
    let short = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.strip_prefix("application/").map_or(text.clone(), str::to_owned)
    };
    short(found) == short(wanted)
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
