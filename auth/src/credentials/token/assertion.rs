//! Signed assertions (RFC 7523): who we are, said with a private key.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey};
use mef_ports::Secret;
use mef_source::checked::AssertionAlgorithm;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::credentials::error::CredentialError;
use crate::credentials::render::error;

/// All that an assertion is made of but the time.
pub(crate) struct Assertion {
    pub(crate) key: EncodingKey,
    pub(crate) algorithm: AssertionAlgorithm,
    pub(crate) key_id: Option<String>,
    /// The certificate's SHA-256, as `x5t#S256` has it.
    pub(crate) thumbprint: Option<String>,
    pub(crate) claims: Vec<(String, Secret)>,
    pub(crate) life: Duration,
    pub(crate) backdated: Duration,
}

/// What a Google service account's key file says.
#[derive(Deserialize)]
pub(crate) struct GoogleKey {
    pub(crate) client_email: String,
    pub(crate) private_key: String,
    pub(crate) private_key_id: Option<String>,
    pub(crate) token_uri: Option<String>,
}

impl GoogleKey {
    pub(crate) fn read(text: &Secret) -> Result<GoogleKey, CredentialError> {
        // The parser's own words may repeat a piece of the key.
        serde_json::from_str(text.expose()).map_err(|_| {
            error(
                "`key`",
                "is not the JSON of a service account's key: store the whole file as it was downloaded",
            )
        })
    }
}

/// The key that a PEM text holds for `algorithm`.
pub(crate) fn private_key(
    field: &str,
    pem: &str,
    algorithm: AssertionAlgorithm,
) -> Result<EncodingKey, CredentialError> {
    // Where a store takes one line only, the lines are written as `\n`.
    let pem = if pem.contains('\n') { pem.to_owned() } else { pem.replace("\\n", "\n") };
    let bytes = pem.trim().as_bytes();
    let (kind, key) = match algorithm {
        AssertionAlgorithm::Es256 | AssertionAlgorithm::Es384 => {
            ("an EC private key (PKCS #8)", EncodingKey::from_ec_pem(bytes))
        }
        AssertionAlgorithm::EdDsa => ("an Ed25519 private key", EncodingKey::from_ed_pem(bytes)),
        _ => ("an RSA private key", EncodingKey::from_rsa_pem(bytes)),
    };
    let private = pem.contains("PRIVATE KEY-----") && !pem.contains("ENCRYPTED PRIVATE KEY-----");
    key.ok().filter(|_| private).ok_or_else(|| {
        error(
            field,
            format!("is not {kind} as PEM without a password: write the whole file, from `-----BEGIN` to `-----END`"),
        )
    })
}

/// The digest of a certificate as `x5t#S256` has it (RFC 7515 §4.1.8).
pub(crate) fn thumbprint(certificate: &Secret) -> Result<String, CredentialError> {
    let text = certificate.expose();
    let text = if text.contains('\n') { text.to_owned() } else { text.replace("\\n", "\n") };
    let parsed = pem::parse(text.trim()).ok().filter(|pem| pem.tag() == "CERTIFICATE");
    let parsed = parsed.ok_or_else(|| error("`certificate`", "is not a certificate as PEM"))?;
    Ok(URL_SAFE_NO_PAD.encode(digest(&SHA256, parsed.contents())))
}

impl Assertion {
    /// The assertion as it is at `now`, with `id` as its `jti`.
    pub(crate) fn make(&self, now: Timestamp, id: &str) -> Result<Secret, CredentialError> {
        let (name, algorithm) = match self.algorithm {
            AssertionAlgorithm::Hs256 => ("HS256", Algorithm::HS256),
            AssertionAlgorithm::Hs512 => ("HS512", Algorithm::HS512),
            AssertionAlgorithm::Rs256 => ("RS256", Algorithm::RS256),
            AssertionAlgorithm::Rs384 => ("RS384", Algorithm::RS384),
            AssertionAlgorithm::Rs512 => ("RS512", Algorithm::RS512),
            AssertionAlgorithm::Ps256 => ("PS256", Algorithm::PS256),
            AssertionAlgorithm::Es256 => ("ES256", Algorithm::ES256),
            AssertionAlgorithm::Es384 => ("ES384", Algorithm::ES384),
            AssertionAlgorithm::EdDsa => ("EdDSA", Algorithm::EdDSA),
        };
        let mut header = json!({ "alg": name, "typ": "JWT" });
        if let (Some(header), Some(key_id)) = (header.as_object_mut(), &self.key_id) {
            header.insert("kid".to_owned(), Value::from(key_id.as_str()));
        }
        if let (Some(header), Some(thumbprint)) = (header.as_object_mut(), &self.thumbprint) {
            header.insert("x5t#S256".to_owned(), Value::from(thumbprint.as_str()));
        }
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let issued = now.as_second().saturating_sub(seconds(self.backdated));
        let claims = self.claims.iter();
        let mut claims: Map<_, _> =
            claims.map(|(name, value)| (name.clone(), Value::from(value.expose()))).collect();
        claims.insert("iat".to_owned(), Value::from(issued));
        let ends = now.as_second().saturating_add(seconds(self.life));
        claims.insert("exp".to_owned(), Value::from(ends));
        claims.insert("jti".to_owned(), Value::from(id));
        let encode = |json: String| URL_SAFE_NO_PAD.encode(json);
        let signed =
            format!("{}.{}", encode(header.to_string()), encode(Value::from(claims).to_string()));
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &self.key, algorithm)
            .map_err(|_| error("`key`", format!("cannot sign with {name}")))?;
        Ok(Secret::new(format!("{signed}.{signature}")))
    }
}
