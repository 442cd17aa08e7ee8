//! The check of a signed token (JWT).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::secret_use::SecretUse;
use crate::located::Located;
use crate::node::Node;
use crate::written::one_or_many::OneOrMany;

/// A signed token (JWT, RFC 7519).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// Where the token is: `header.NAME`, `query.NAME`, `form.NAME`, a path into the body, or `body`
    /// if the body is the token. A `*` in a pointer stands for every element, each of which must be a
    /// valid token.
    pub from: Located<String>,
    /// A scheme or prefix before the token, such as `Bearer `.
    pub prefix: Option<String>,
    /// The algorithms that are accepted. A token can only choose one of them.
    pub algorithms: Located<Vec<JwtAlgorithm>>,
    /// Where the keys are.
    pub keys: Option<Located<JwtKeys>>,
    /// In place of `keys`, the names of secrets for the `HS…` algorithms, any of which may have signed.
    pub secrets: Option<Located<Vec<Located<SecretUse>>>>,
    /// What the record is: `body`, the default, or `claims` if the event travels in the token.
    pub record: Option<Located<TokenRecord>>,
    /// The media type that the token's header must name as `typ`, such as `secevent+jwt`.
    #[serde(rename = "type")]
    pub typ: Option<Located<String>>,
    /// The issuer of the token (`iss`), or several alternatives.
    pub issuer: Option<Located<OneOrMany>>,
    /// The audience of the token (`aud`), or several alternatives.
    pub audience: Option<Located<OneOrMany>>,
    /// Claims, each with the value that it must have.
    #[serde(default)]
    pub claims: BTreeMap<String, Located<Node>>,
    /// The claims that the token must have; by default `exp`, or `iat` if there is a `max_age`. One of
    /// the two may be left out only if the body's digest is a claim, or if `record` is `claims` and
    /// `jti` is required.
    pub required: Option<Located<Vec<Located<String>>>>,
    /// How far the vendor's clock may differ from ours; by default `60s`.
    pub leeway: Option<Located<String>>,
    /// The oldest token that is accepted, by its `iat`: `300s`.
    pub max_age: Option<Located<String>>,
    /// Claims that hold a digest of the request, each with what it must be, such as
    /// `{body|sha256_hex}`.
    #[serde(default)]
    pub digest: BTreeMap<String, Located<String>>,
}

/// An algorithm of a signed token (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// RSA (PKCS #1) with SHA-256.
    Rs256,
    /// RSA (PKCS #1) with SHA-384.
    Rs384,
    /// RSA (PKCS #1) with SHA-512.
    Rs512,
    /// RSA (PSS) with SHA-256.
    Ps256,
    /// RSA (PSS) with SHA-384.
    Ps384,
    /// RSA (PSS) with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl JwtAlgorithm {
    /// Returns whether the same key signs and verifies.
    pub fn is_symmetric(self) -> bool {
        matches!(self, JwtAlgorithm::Hs256 | JwtAlgorithm::Hs384 | JwtAlgorithm::Hs512)
    }

    /// Returns its name in a token's header.
    pub fn name(self) -> &'static str {
        match self {
            JwtAlgorithm::Hs256 => "HS256",
            JwtAlgorithm::Hs384 => "HS384",
            JwtAlgorithm::Hs512 => "HS512",
            JwtAlgorithm::Rs256 => "RS256",
            JwtAlgorithm::Rs384 => "RS384",
            JwtAlgorithm::Rs512 => "RS512",
            JwtAlgorithm::Ps256 => "PS256",
            JwtAlgorithm::Ps384 => "PS384",
            JwtAlgorithm::Ps512 => "PS512",
            JwtAlgorithm::Es256 => "ES256",
            JwtAlgorithm::Es384 => "ES384",
            JwtAlgorithm::EdDsa => "EdDSA",
        }
    }
}

/// A detached signature over the body (JWS, RFC 7515 appendix F).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Jws {
    /// Where the signature is, `HEAD..SIGNATURE`: `header.NAME` or `query.NAME`.
    pub from: Located<String>,
    /// A scheme or prefix before it.
    pub prefix: Option<String>,
    /// The algorithms that are accepted. A signature can only choose one of them.
    pub algorithms: Located<Vec<JwtAlgorithm>>,
    /// Where the keys are.
    pub keys: Option<Located<JwtKeys>>,
    /// In place of `keys`, the names of secrets for the `HS…` algorithms, any of which may have signed.
    pub secrets: Option<Located<Vec<Located<SecretUse>>>>,
}

/// What the record of a request with a token is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenRecord {
    /// The body, in which the token is masked.
    #[default]
    Body,
    /// The claims of the token, once they are verified.
    Claims,
}

/// Where a token's keys are.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JwtKeys {
    /// The URL of the issuer's JSON Web Key Set (RFC 7517 §5).
    JwksUrl(Located<String>),
    /// The names of secrets, for the `HS…` algorithms.
    Secrets(Located<Vec<Located<SecretUse>>>),
    /// The names of secrets that hold a JSON Web Key or a set of keys.
    Jwk(Located<Vec<Located<SecretUse>>>),
    /// The names of secrets that hold a public key as PEM.
    Pem(Located<Vec<Located<SecretUse>>>),
}
