//! Keys of tokens: JSON Web Keys (RFC 7517) and public keys as PEM.
//!
//! A key is for one kind of algorithm. What a token says of itself never changes
//! that: an RSA key is not the secret of an HMAC, and a key of P-384 verifies no
//! ES256.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use mef_source::checked::JwtAlgorithm;
use serde::Deserialize;
use serde_json::Value;

/// The most keys of a set that are looked at; issuers have two or three.
const MAX_KEYS: usize = 64;

/// The keys of a document or a secret.
#[derive(Debug)]
pub(crate) struct JwkSet(Vec<VerifyingKey>);

/// A key that may verify a token.
pub(crate) struct VerifyingKey {
    kid: Option<String>,
    kind: Kind,
    /// The only algorithm that it is for, if it says so.
    alg: Option<String>,
    decoding: DecodingKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Hmac,
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// The members of a JSON Web Key that are used.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    used_for: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    k: Option<String>,
}

impl JwkSet {
    /// Reads a published document: its public keys, at least one. A secret that
    /// somebody published is skipped.
    pub(crate) fn parse(bytes: &[u8]) -> Option<JwkSet> {
        let document: Value = serde_json::from_slice(bytes).ok()?;
        let mut keys = keys_of(document.get("keys")?)?;
        keys.retain(|key| key.kind != Kind::Hmac);
        (!keys.is_empty()).then_some(JwkSet(keys))
    }

    /// Reads a secret's text: one key, or a set of them.
    pub(crate) fn of_secret(text: &str) -> Option<JwkSet> {
        let document: Value = serde_json::from_str(text).ok()?;
        let keys = match document.get("keys") {
            Some(keys) => keys_of(keys)?,
            None => vec![key_of(&document)?],
        };
        (!keys.is_empty()).then_some(JwkSet(keys))
    }

    /// Returns every key that may have made a token of `algorithm` with this `kid`.
    /// A key without a `kid` may have made any.
    pub(crate) fn fitting<'k>(
        &'k self,
        algorithm: JwtAlgorithm,
        kid: Option<&'k str>,
    ) -> impl Iterator<Item = &'k VerifyingKey> {
        self.0.iter().filter(move |key| key.fits(algorithm) && key.is_named(kid))
    }
}

impl VerifyingKey {
    /// Makes the key of an HMAC.
    pub(crate) fn of_secret(secret: &[u8]) -> VerifyingKey {
        VerifyingKey {
            kid: None,
            kind: Kind::Hmac,
            alg: None,
            decoding: DecodingKey::from_secret(secret),
        }
    }

    /// Reads a public key as PEM (RFC 7468 §13); `None` if it is anything else, also
    /// a private key.
    pub(crate) fn of_pem(pem: &str) -> Option<VerifyingKey> {
        let bytes = pem.trim().as_bytes();
        let block = pem::parse(bytes).ok()?;
        if !matches!(block.tag(), "PUBLIC KEY" | "RSA PUBLIC KEY") {
            return None;
        }
        let rsa = || DecodingKey::from_rsa_pem(bytes).ok().map(|key| (Kind::Rsa, key));
        let ec = || {
            let key = DecodingKey::from_ec_pem(bytes).ok()?;
            // An uncompressed point: one byte, and twice a number of the curve.
            match key.try_get_as_bytes().ok()?.len() {
                65 => Some((Kind::P256, key)),
                97 => Some((Kind::P384, key)),
                _ => None,
            }
        };
        let ed = || DecodingKey::from_ed_pem(bytes).ok().map(|key| (Kind::Ed25519, key));
        let (kind, decoding) = rsa().or_else(ec).or_else(ed)?;
        Some(VerifyingKey { kid: None, kind, alg: None, decoding })
    }

    /// Returns whether it is for `algorithm`.
    pub(crate) fn fits(&self, algorithm: JwtAlgorithm) -> bool {
        let kind = match algorithm {
            JwtAlgorithm::Hs256 | JwtAlgorithm::Hs384 | JwtAlgorithm::Hs512 => Kind::Hmac,
            JwtAlgorithm::Rs256
            | JwtAlgorithm::Rs384
            | JwtAlgorithm::Rs512
            | JwtAlgorithm::Ps256
            | JwtAlgorithm::Ps384
            | JwtAlgorithm::Ps512 => Kind::Rsa,
            JwtAlgorithm::Es256 => Kind::P256,
            JwtAlgorithm::Es384 => Kind::P384,
            JwtAlgorithm::EdDsa => Kind::Ed25519,
        };
        self.kind == kind && self.alg.as_deref().is_none_or(|alg| alg == algorithm.name())
    }

    fn is_named(&self, kid: Option<&str>) -> bool {
        match (self.kid.as_deref(), kid) {
            (Some(own), Some(kid)) => own == kid,
            _ => true,
        }
    }

    /// Returns whether it made `signature` (base64url) over `message`.
    pub(crate) fn verifies(
        &self,
        algorithm: JwtAlgorithm,
        message: &[u8],
        signature: &str,
    ) -> bool {
        algorithm.name().parse().is_ok_and(|algorithm| {
            jsonwebtoken::crypto::verify(signature, message, &self.decoding, algorithm)
                .unwrap_or(false)
        })
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} key {:?}", self.kind, self.kid)
    }
}

fn keys_of(list: &Value) -> Option<Vec<VerifyingKey>> {
    Some(list.as_array()?.iter().filter_map(key_of).take(MAX_KEYS).collect())
}

/// Reads a key; `None` if it is not for verifying signatures, or of an unknown kind.
fn key_of(json: &Value) -> Option<VerifyingKey> {
    let jwk = Jwk::deserialize(json).ok()?;
    if jwk.used_for.as_deref().is_some_and(|used_for| used_for != "sig")
        || jwk.key_ops.as_ref().is_some_and(|ops| !ops.iter().any(|op| op == "verify"))
    {
        return None;
    }
    let (kind, decoding) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => {
            (Kind::Rsa, DecodingKey::from_rsa_components(jwk.n.as_deref()?, jwk.e.as_deref()?))
        }
        ("EC", Some(curve @ ("P-256" | "P-384"))) => {
            let kind = if curve == "P-256" { Kind::P256 } else { Kind::P384 };
            (kind, DecodingKey::from_ec_components(jwk.x.as_deref()?, jwk.y.as_deref()?))
        }
        ("OKP", Some("Ed25519")) => {
            (Kind::Ed25519, DecodingKey::from_ed_components(jwk.x.as_deref()?))
        }
        ("oct", _) => {
            let secret =
                URL_SAFE_NO_PAD.decode(jwk.k.as_deref()?).ok().filter(|key| !key.is_empty())?;
            (Kind::Hmac, Ok(DecodingKey::from_secret(&secret)))
        }
        _ => return None,
    };
    Some(VerifyingKey { kid: jwk.kid, kind, alg: jwk.alg, decoding: decoding.ok()? })
}
