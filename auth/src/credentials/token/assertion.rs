//! Signed assertions (RFC 7523): who we are, said with a private key.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey};
use mef_ports::Secret;
use mef_source::Path;
use mef_source::checked::{Assertion, AssertionAlgorithm, AssertionSlot};
use serde_json::{Map, Value, json};
use url::Url;

use crate::credentials::error::CredentialError;
use crate::credentials::render::{Renderer, error};

/// All that an assertion is made of, except the time.
pub(crate) struct RenderedAssertion {
    pub(crate) place: AssertionSlot,
    key: EncodingKey,
    algorithm: AssertionAlgorithm,
    pub(crate) key_id: Option<String>,
    /// The certificate's SHA-256, as `x5t#S256` has it.
    pub(crate) thumbprint: Option<String>,
    pub(crate) claims: Vec<(String, Secret)>,
    life: Duration,
    backdated: Duration,
}

impl RenderedAssertion {
    /// Renders an assertion for the token endpoint at `url`. Returns the text of its
    /// key, too.
    pub(crate) fn render(
        written: &Assertion,
        url: &Url,
        renderer: Renderer<'_>,
    ) -> Result<(RenderedAssertion, Secret), CredentialError> {
        let mut claims = Vec::new();
        for (claim, template) in &written.claims {
            let field = format!("the claim `{claim}`");
            claims.push((claim.clone(), renderer.render(&field, template)?));
        }
        let text = renderer.render("`key`", &written.key)?;
        let key_id = written.key_id.as_ref();
        let key_id = key_id.map(|key_id| renderer.render("`key_id`", key_id)).transpose()?;
        let mut key_id = key_id.map(|key_id| key_id.expose().to_owned());
        let (mut field, mut signer) = ("`key`".to_owned(), text.clone());
        if let Some(file) = &written.key_file {
            // The parser's own message may repeat a piece of the key.
            let json = serde_json::from_str(text.expose()).map_err(|_| {
                error("`key`", "is not JSON: store the whole file as the vendor gave it")
            })?;
            signer = Secret::new(part(&json, &file.key)?);
            renderer.redactor.learn(&signer);
            field = format!("`{}` in the JSON of `key`", dotted(&file.key));
            // The assertion is for that endpoint and goes to no other.
            if let Some(path) = &file.token_url
                && optional_part(&json, path)?.is_some_and(|named| named != url.as_str())
            {
                let reason = format!(
                    "names another token endpoint: write its `{}` as `token_url`",
                    dotted(path)
                );
                return Err(error("`key`", reason));
            }
            if let Some(path) = &file.issuer {
                claims.push(("iss".to_owned(), Secret::new(part(&json, path)?)));
            }
            if let Some(path) = &file.key_id {
                key_id = optional_part(&json, path)?;
            }
        }
        let key = match written.algorithm {
            AssertionAlgorithm::Hs256 | AssertionAlgorithm::Hs512 => {
                EncodingKey::from_secret(signer.expose().as_bytes())
            }
            algorithm => private_key(&field, signer.expose(), algorithm)?,
        };
        let thumbprint = match &written.certificate {
            Some(certificate) => Some(thumbprint(&renderer.render("`certificate`", certificate)?)?),
            None => None,
        };
        let rendered = RenderedAssertion {
            place: written.place,
            key,
            algorithm: written.algorithm,
            key_id,
            thumbprint,
            claims,
            life: written.life,
            backdated: written.backdated,
        };
        Ok((rendered, text))
    }

    /// Makes the assertion as it is at `now`, with `id` as its `jti`.
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
        for (name, value) in [("kid", &self.key_id), ("x5t#S256", &self.thumbprint)] {
            if let (Some(header), Some(value)) = (header.as_object_mut(), value) {
                header.insert(name.to_owned(), Value::from(value.as_str()));
            }
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

/// Returns the text that a key file has at `path`.
fn part(json: &Value, path: &Path) -> Result<String, CredentialError> {
    optional_part(json, path)?.ok_or_else(|| lacks(path))
}

/// Returns the text that a key file has at `path`; `None` if it has nothing there.
fn optional_part(json: &Value, path: &Path) -> Result<Option<String>, CredentialError> {
    match path.find(json) {
        Some(Value::String(text)) => Ok(Some(text.clone())),
        None | Some(Value::Null) => Ok(None),
        Some(_) => Err(lacks(path)),
    }
}

fn lacks(path: &Path) -> CredentialError {
    let path = dotted(path);
    error("`key`", format!("has no text at `{path}`: store the whole file as the vendor gave it"))
}

fn dotted(path: &Path) -> String {
    path.segments().join(".")
}

/// Reads the key that a PEM text holds for `algorithm`.
fn private_key(
    field: &str,
    pem: &str,
    algorithm: AssertionAlgorithm,
) -> Result<EncodingKey, CredentialError> {
    let pem = with_line_ends(pem);
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

/// Returns the lines of a PEM text. A store that takes one line only has `\\n`
/// between them.
fn with_line_ends(pem: &str) -> String {
    if pem.contains('\n') { pem.to_owned() } else { pem.replace("\\n", "\n") }
}

/// Returns the digest of a certificate as `x5t#S256` has it (RFC 7515 §4.1.8).
fn thumbprint(certificate: &Secret) -> Result<String, CredentialError> {
    let text = with_line_ends(certificate.expose());
    let parsed = pem::parse(text.trim()).ok().filter(|pem| pem.tag() == "CERTIFICATE");
    let parsed = parsed.ok_or_else(|| error("`certificate`", "is not a certificate as PEM"))?;
    Ok(URL_SAFE_NO_PAD.encode(digest(&SHA256, parsed.contents())))
}
