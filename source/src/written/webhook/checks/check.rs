//! The kinds of checks, and how checks are combined.

use schemars::JsonSchema;
use serde::Deserialize;

use super::jwt::{Jws, Jwt};
use super::secret_use::SecretUse;
use super::signed::{HmacKey, Signature, SignedTime};
use crate::located::Located;
use crate::written::one_or_many::OneOrMany;
use crate::written::signing::{Encoding, Hash, Key};
use crate::written::webhook::preset::PresetUse;

/// One check of a request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// A signature made with a shared secret.
    Hmac(Box<Located<Hmac>>),
    /// A signature made with a private key that only the vendor has.
    PublicKey(Box<Located<PublicKey>>),
    /// A fixed token.
    Token(Located<Token>),
    /// A signed token (JWT).
    Jwt(Box<Located<Jwt>>),
    /// A detached signature over the body (JWS).
    Jws(Box<Located<Jws>>),
    /// The signature of Amazon SNS.
    AwsSns(Located<AwsSns>),
    /// A user's name and password (RFC 7617).
    Basic(Located<Basic>),
    /// The address that the request comes from.
    Ip(Located<Ip>),
    /// A digest of the request, which something else signs.
    Digest(Box<Located<Digest>>),
    /// Alternative checks, of which at least one must pass.
    Any(Located<Vec<Check>>),
    /// Checks that must all pass.
    All(Located<Vec<Check>>),
    /// The checks of a vendor's webhooks, by the name of a preset.
    Preset(Located<PresetUse>),
}

impl Check {
    /// Returns whether the check names a preset, itself or inside.
    pub fn names_preset(&self) -> bool {
        match self {
            Check::Preset(_) => true,
            Check::Any(checks) | Check::All(checks) => checks.iter().any(Check::names_preset),
            _ => false,
        }
    }
}

/// A signature made with a shared secret.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hmac {
    /// The hash.
    pub hash: Hash,
    /// The names of the secrets, any of which may have signed.
    pub secrets: Located<Vec<Located<SecretUse>>>,
    /// How a secret's text becomes the key; by default its UTF-8 bytes.
    #[serde(default)]
    pub key: HmacKey,
    /// Where the signature is and how it is written.
    pub signature: Signature,
    /// The text that is signed: `{body}`, `{timestamp}`, `{id}`, `{method}`, `{url}`,
    /// `{path_query}`, `{header.NAME}`, `{query.NAME}`, `{form.NAME}`, `{signature.KEY}`,
    /// `{form_sorted}`, `{signed_headers.NAME}`, `{listed_headers.KEY}`, `{escaped_path_query}`,
    /// `{atlassian_canonical}`, or a path into the body; after any `|sha256_hex`, `|sha256_base64`, `|crc32`, and after what may be
    /// missing `|default("")`.
    pub text: Located<String>,
    /// The signed time, and how much it may differ from now.
    pub timestamp: Option<Located<SignedTime>>,
    /// The path of the signed message id; only if `text` has `{id}`.
    pub id: Option<Located<OneOrMany>>,
    /// A path into the body with `*`: each value there is signed by itself, and paths into the body
    /// start at it.
    pub each: Option<Located<String>>,
    /// Whether `{url}` may be signed without a port, with the scheme's default port, or with its
    /// own.
    pub url_port_variants: Option<Located<bool>>,
}

/// A signature made with a private key that only the vendor has.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    /// The algorithm; nothing in a request can choose another.
    pub algorithm: PublicKeyAlgorithm,
    /// The names of the secrets that hold the vendor's public keys, any of which may have signed.
    pub keys: Located<Vec<Located<SecretUse>>>,
    /// How a secret's text becomes the key: PEM, or a SubjectPublicKeyInfo or the bare key in
    /// base64 or hexadecimal.
    #[serde(default)]
    pub key: Key,
    /// Where the signature is and how it is written.
    pub signature: Signature,
    /// The text that is signed, as in `hmac`.
    pub text: Located<String>,
    /// The signed time, and how much it may differ from now.
    pub timestamp: Option<Located<SignedTime>>,
    /// The path of the signed message id; only if `text` has `{id}`.
    pub id: Option<Located<OneOrMany>>,
    /// As in `hmac`.
    pub each: Option<Located<String>>,
    /// As in `hmac`.
    pub url_port_variants: Option<Located<bool>>,
}

/// An algorithm for signatures that are checked with a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublicKeyAlgorithm {
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA with P-256 and SHA-256; the signature as DER, or as its two numbers of 32 bytes.
    EcdsaP256Sha256,
    /// RSA with SHA-256 and the padding of PKCS #1 v1.5; a key of 2048 to 8192 bits.
    RsaSha256,
    /// RSA with SHA-512 and the padding of PKCS #1 v1.5; a key of 2048 to 8192 bits.
    RsaSha512,
}

/// A fixed token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Where the token is: `header.NAME`, `query.NAME`, `form.NAME` or a path into the body. A `*` in
    /// a pointer stands for every element.
    pub from: Located<String>,
    /// A scheme or prefix before the token, such as `Bearer `.
    pub prefix: Option<String>,
    /// The names of the secrets, any of which is accepted.
    pub secrets: Located<Vec<Located<SecretUse>>>,
}

/// A user's name and password, in the header `Authorization` (RFC 7617).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// The user's name; without it, a secret is `user:password`.
    pub username: Option<Located<String>>,
    /// The names of the secrets that hold the password, any of which is accepted.
    pub secrets: Located<Vec<Located<SecretUse>>>,
}

/// The address that the request comes from, as the connection or the gateway says, never as a
/// header says.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ip {
    /// The addresses and networks that are accepted: `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`.
    pub allow: Located<Vec<Located<String>>>,
}

/// A digest of the request, for vendors that sign the digest instead of the body.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// The hash.
    pub hash: Hash,
    /// What is hashed, as in the `text` of `hmac`, without `{timestamp}` and `{id}`.
    pub of: Located<String>,
    /// Where the digest is: `header.NAME`, `query.NAME`, `form.NAME` or a path into the body.
    pub equals: Located<String>,
    /// How the digest's bytes are encoded.
    pub encoding: Encoding,
}

/// The signature of Amazon SNS over its notifications and confirmations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsSns {
    /// The ARNs of the topics that are accepted, because anybody can send signed messages by a
    /// topic of their own.
    pub topics: Option<Located<Vec<Located<String>>>>,
    /// The hosts that certificates may come from, or the domains of such hosts; by default
    /// `sns.REGION.amazonaws.com` and `sns.REGION.amazonaws.com.cn`.
    pub cert_host: Option<Located<OneOrMany>>,
}
