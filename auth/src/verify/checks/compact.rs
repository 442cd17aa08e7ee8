//! Signed tokens in their compact form (RFC 7515 §7.1): what is common to a token with claims and to a
//! signature whose payload is elsewhere.
//!
//! What the header says is not believed: the algorithm and the key are picked from what the source file pins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mef_source::checked::{JwtAlgorithm, TokenFrom, TokenRecord};

use super::token;
use crate::request::Request;
use crate::verify::denied::Denied;
use crate::verify::read::strict_json::{Members, string};
use crate::verify::request_part::RequestPart;

/// The longest token that is read from a header or query, and the longest header of any token. Gateways take
/// 10 KiB of headers.
const MAX_TOKEN: usize = 16 * 1024;

/// The most tokens of a list in a body that are read.
const MAX_TOKENS: usize = 32;

/// What a part must be.
const UNCLEAR: &str = "a part is not a JSON object in which each key is there once";

/// Reads the tokens as text, without their prefix; at least one.
pub(super) fn received(
    from: &TokenFrom,
    prefix: Option<&str>,
    request: &Request,
) -> Result<Vec<String>, Denied> {
    let part = || token::part(from);
    let received = token::received(from, request)?;
    if received.len() > MAX_TOKENS {
        return Err(Denied::TooManySignatures { part: part(), limit: MAX_TOKENS });
    }
    let texts = received.iter().map(|text| {
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

/// A token in its compact form, split.
pub(super) struct Compact<'t> {
    pub(super) part: RequestPart,
    header_text: &'t str,
    header: Vec<u8>,
    /// In base64url; empty if the payload is elsewhere.
    payload_text: &'t str,
    /// What the signature is made over, if the token holds the payload.
    pub(super) signing_input: &'t str,
    /// In base64url.
    pub(super) signature: &'t str,
}

/// What the header of a token says.
pub(super) struct Head {
    pub(super) algorithm: JwtAlgorithm,
    pub(super) kid: Option<String>,
    /// What kind of token it is.
    pub(super) typ: Option<String>,
    /// Whether the payload is signed as its own bytes, and not in base64url (RFC 7797).
    pub(super) is_plain: bool,
}

impl<'t> Compact<'t> {
    pub(super) fn split(text: &'t str, from: &TokenFrom) -> Result<Compact<'t>, Denied> {
        let part = token::part(from);
        // A body has a limit of its own, and is the event itself.
        let is_too_long = |text: &str| text.len() > MAX_TOKEN;
        let pieces: Vec<_> = text.splitn(4, '.').collect();
        let &[header_text, payload_text, signature] = pieces.as_slice() else {
            return Err(malformed(&part, "it has not three parts"));
        };
        if is_too_long(text) && !token::is_in_body(from) {
            return Err(malformed(&part, "it is longer than 16 KiB"));
        }
        if is_too_long(header_text) || is_too_long(signature) {
            return Err(malformed(&part, "its header or its signature is longer than 16 KiB"));
        }
        decode(signature, &part)?;
        let header = decode(header_text, &part)?;
        let signing_input = text.rsplit_once('.').map_or("", |(before, _)| before);
        Ok(Compact { part, header_text, header, payload_text, signing_input, signature })
    }

    /// Decodes the payload, which must be there.
    pub(super) fn payload(&self) -> Result<Vec<u8>, Denied> {
        decode(self.payload_text, &self.part)
    }

    /// Reads the header of a signature whose payload is elsewhere. It must be none of a token with claims:
    /// whoever sees such a token could send its claims as the payload (RFC 8725 §3.11).
    pub(super) fn detached_head(&self, algorithms: &[JwtAlgorithm]) -> Result<Head, Denied> {
        let head = self.head(algorithms)?;
        if !self.payload_text.is_empty() {
            return Err(self.malformed("it holds a payload, which should be the body"));
        }
        // Of a plain payload no token is made (RFC 7797 §7), and libraries write `JWT` there too.
        if !head.is_plain && head.typ.as_deref().is_some_and(is_jwt) {
            return Err(self.malformed("its `typ` says that it is a token with claims, a JWT"));
        }
        Ok(head)
    }

    /// Returns what is signed if the payload is elsewhere.
    pub(super) fn over(&self, payload: &[u8], head: &Head) -> Vec<u8> {
        let mut signed = format!("{}.", self.header_text).into_bytes();
        match head.is_plain {
            true => signed.extend_from_slice(payload),
            false => signed.extend(URL_SAFE_NO_PAD.encode(payload).into_bytes()),
        }
        signed
    }

    /// Reads the header, which must name one of the `algorithms`.
    pub(super) fn head(&self, algorithms: &[JwtAlgorithm]) -> Result<Head, Denied> {
        let header = Members::parse_deep(&self.header).ok_or_else(|| self.malformed(UNCLEAR))?;
        let text = |name: &str, reason| match header.get(name) {
            None => Ok(None),
            Some(value) => string(value).map(Some).ok_or_else(|| self.malformed(reason)),
        };
        // Extensions that must be understood (RFC 7515 §4.1.11); of these only `b64` is.
        let is_plain = match header.get("crit").map(|crit| crit.get()) {
            None => false,
            Some(crit)
                if serde_json::from_str::<Vec<String>>(crit).is_ok_and(|crit| crit == ["b64"]) =>
            {
                header.get("b64").is_some_and(|b64| b64.get() == "false")
            }
            Some(_) => return Err(self.malformed("it demands an extension, with `crit`")),
        };
        let alg = text("alg", "its header has no `alg`")?
            .ok_or_else(|| self.malformed("its header has no `alg`"))?;
        let listed = algorithms.iter().copied().find(|listed| listed.name() == alg);
        let algorithm = listed.ok_or_else(|| Denied::JwtAlgorithm {
            part: self.part.clone(),
            algorithms: algorithms.iter().map(|listed| listed.name()).collect(),
        })?;
        let kid = text("kid", "its `kid` is not text")?;
        Ok(Head { algorithm, kid, typ: text("typ", "its `typ` is not text")?, is_plain })
    }

    /// Returns the error of a token that cannot be read.
    pub(super) fn malformed(&self, reason: &'static str) -> Denied {
        malformed(&self.part, reason)
    }

    /// Reads claims, each of which must be there once. What is in them is read as strictly, unless the
    /// claims are the record: an event may be as deep as any other.
    pub(super) fn claims<'c>(
        &self,
        payload: &'c [u8],
        record: TokenRecord,
    ) -> Result<Members<'c>, Denied> {
        let claims = match record {
            TokenRecord::Body => Members::parse_deep(payload),
            TokenRecord::Claims => Members::parse(payload),
        };
        claims.ok_or_else(|| self.malformed(UNCLEAR))
    }
}

/// Returns whether a token's `typ` is that of a token with claims: `JWT`, or a kind of it such as `at+jwt`
/// (RFC 8725 §3.11), as a media type or without `application/`.
fn is_jwt(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    let subtype = typ.strip_prefix("application/").unwrap_or(&typ);
    subtype == "jwt" || subtype.ends_with("+jwt")
}

fn malformed(part: &RequestPart, reason: &'static str) -> Denied {
    Denied::JwtMalformed { part: part.clone(), reason }
}

fn decode(piece: &str, part: &RequestPart) -> Result<Vec<u8>, Denied> {
    URL_SAFE_NO_PAD
        .decode(piece)
        .ok()
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(|| malformed(part, "a part is not base64 with the URL alphabet and no padding"))
}
