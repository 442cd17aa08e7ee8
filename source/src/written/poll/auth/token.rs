//! The parts that all requests for an access token share: how the client
//! authenticates itself, how the request is written, and where the response has
//! the token.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::located::Located;

/// How a client authenticates itself to a token endpoint (RFC 6749 §2.3.1, RFC 7523 §2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// By the header `Authorization: Basic`, with the id and the secret percent-encoded (RFC 6749
    /// §2.3.1).
    #[default]
    Basic,
    /// By the same header with both as they are, which many servers want.
    BasicPlain,
    /// By `client_id` and `client_secret` in the body.
    Body,
    /// By an assertion signed with the private key.
    PrivateKeyJwt,
    /// By an assertion signed with the client's secret.
    ClientSecretJwt,
    /// By an assertion signed with the private key of a certificate whose digest is in the header,
    /// as Microsoft Entra requires.
    Certificate,
}

/// How a token request is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenBody {
    /// As a form, as RFC 6749 says.
    #[default]
    Form,
    /// As a JSON object.
    Json,
}

/// Where the response of a token endpoint has the token and its lifetime.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenAnswer {
    /// The path of the token; by default `access_token`.
    pub token: Option<Located<String>>,
    /// The path of its lifetime in seconds; by default `expires_in`.
    pub expires_in: Option<Located<String>>,
    /// The path of its end, in RFC 3339 or as seconds or milliseconds since the epoch.
    pub expires_at: Option<Located<String>>,
}

/// The algorithm that an assertion is signed with (RFC 7518 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum AssertionAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-512.
    Hs512,
    /// RSA with SHA-256.
    Rs256,
    /// RSA with SHA-384.
    Rs384,
    /// RSA with SHA-512.
    Rs512,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256.
    Es256,
    /// ECDSA on P-384.
    Es384,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// The paths of the parts of a key that is JSON.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// The path of the private key (PEM), or of the secret of an HMAC.
    pub key: Located<String>,
    /// The path of the issuer.
    pub issuer: Option<Located<String>>,
    /// The path of the key's id, if it has one.
    pub key_id: Option<Located<String>>,
    /// The path of the token endpoint. If the file names one, it must be `token_url`.
    pub token_url: Option<Located<String>>,
}

/// How an assertion is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SendAssertion {
    /// As the parameter `assertion` of the body, as RFC 7523 says.
    #[default]
    Body,
    /// In the header `Authorization: Bearer`; the body is empty.
    Bearer,
}
