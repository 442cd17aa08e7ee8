//! `poll.auth.sign`: a signature over each request.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::located::Located;
use crate::written::signing::{Encoding, Hash, Key};

/// A signature over each request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// An HMAC over a text that the source file describes.
    Hmac(Box<SignHmac>),
    /// A hash without a key, over a text with a secret in it.
    Hash(Box<SignHash>),
    /// The Duo Admin API.
    Duo(SignDuo),
    /// Akamai EdgeGrid (`EG1-HMAC-SHA256`).
    Edgegrid(SignEdgegrid),
    /// AWS Signature Version 4.
    Sigv4(SignSigv4),
}

/// An HMAC over a text that the source file describes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignHmac {
    /// The hash; by default `sha256`.
    pub hash: Option<Hash>,
    /// The key, as a template.
    pub secret: Located<String>,
    /// How the secret becomes the key.
    #[serde(default)]
    pub key: Key,
    /// The signed text: a template with `{method}`, `{url}`, `{host}`, `{path}`, `{query}`,
    /// `{query_sorted}`, `{body}`, `{body_sha256}`, `{date}`, `{nonce}` and `{header.NAME}`.
    pub text: Located<String>,
    /// How the signature is encoded; by default `hex`.
    pub encoding: Option<Encoding>,
    /// Headers to set, as templates with the same placeholders and `{signature}`.
    pub into: BTreeMap<String, Located<String>>,
}

/// A hash without a key, over a text with a secret in it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignHash {
    /// The hash; by default `sha256`.
    pub hash: Option<Hash>,
    /// The hashed text: a template with the same placeholders as in `hmac`, and with a secret in
    /// it.
    pub text: Located<String>,
    /// How the signature is encoded; by default `hex`.
    pub encoding: Option<Encoding>,
    /// Headers to set, as templates with the same placeholders and `{signature}`.
    pub into: BTreeMap<String, Located<String>>,
}

/// The Duo Admin API.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignDuo {
    /// The integration key, as a template.
    pub integration_key: Located<String>,
    /// The secret key, as a template.
    pub secret_key: Located<String>,
}

/// Akamai EdgeGrid.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignEdgegrid {
    /// The client token, as a template.
    pub client_token: Located<String>,
    /// The client secret, as a template.
    pub client_secret: Located<String>,
    /// The access token, as a template.
    pub access_token: Located<String>,
}

/// AWS Signature Version 4.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignSigv4 {
    /// The access key id, as a template.
    pub access_key: Located<String>,
    /// The secret access key, as a template.
    pub secret_key: Located<String>,
    /// The session token of temporary credentials, as a template.
    pub session_token: Option<Located<String>>,
    /// The region, as a template.
    pub region: Located<String>,
    /// The service's signing name, as a template.
    pub service: Located<String>,
}
