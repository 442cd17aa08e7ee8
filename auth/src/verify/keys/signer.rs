//! Finds the key that made the signature of a token, among those that a source file pins.

use jiff::Timestamp;
use mef_source::checked::{JwtAlgorithm, JwtKeys};

use super::jwk::{JwkSet, VerifyingKey};
use super::live_secrets::{LiveSecrets, names};
use crate::verify::denied::Denied;
use crate::verify::request_part::RequestPart;

/// What a token was signed with, by its own words, and its signature.
pub(crate) struct SignedToken<'t> {
    pub(crate) part: &'t RequestPart,
    pub(crate) algorithm: JwtAlgorithm,
    pub(crate) kid: Option<&'t str>,
    /// What is signed.
    pub(crate) input: &'t [u8],
    /// In base64url.
    pub(crate) signature: &'t str,
}

impl SignedToken<'_> {
    /// Finds the key of `keys` that made the signature, and returns where it comes from.
    pub(crate) fn signer(
        &self,
        keys: &JwtKeys,
        secrets: &LiveSecrets,
        now: Timestamp,
    ) -> Result<String, Denied> {
        let fails = |fits, secrets| match fits {
            true => Denied::JwtSignature { part: self.part.clone(), secrets },
            false => Denied::JwtNoKey { part: self.part.clone(), secrets },
        };
        let uses = match keys {
            JwtKeys::Jwks(url) => {
                let mut fitting = secrets.jwks(url)?.fitting(self.algorithm, self.kid).peekable();
                let fits = fitting.peek().is_some();
                return match fitting.any(|key| self.is_by(key)) {
                    true => Ok(url.to_string()),
                    false => Err(fails(fits, Vec::new())),
                };
            }
            JwtKeys::Secrets(uses) | JwtKeys::Jwk(uses) | JwtKeys::Pem(uses) => uses,
        };
        let live = secrets.live(uses, now)?;
        let mut fits = false;
        let mut signed_by = None;
        for (name, secret) in &live {
            let text = secret.expose();
            let not_a = |what| Denied::JwtKeyMalformed { name: (*name).to_owned(), what };
            let matches = match keys {
                JwtKeys::Secrets(_) => {
                    fits = true;
                    self.is_by(&VerifyingKey::of_secret(text.as_bytes()))
                }
                JwtKeys::Pem(_) => {
                    let key =
                        VerifyingKey::of_pem(text).ok_or_else(|| not_a("a public key as PEM"))?;
                    fits |= key.fits(self.algorithm);
                    self.is_by(&key)
                }
                JwtKeys::Jwk(_) | JwtKeys::Jwks(_) => {
                    let set = JwkSet::of_secret(text)
                        .ok_or_else(|| not_a("a JSON Web Key or a set of them, of a known kind"))?;
                    let mut fitting = set.fitting(self.algorithm, self.kid).peekable();
                    fits |= fitting.peek().is_some();
                    fitting.any(|key| self.is_by(key))
                }
            };
            if matches {
                signed_by = Some(*name);
            }
        }
        signed_by.map(str::to_owned).ok_or_else(|| fails(fits, names(&live)))
    }

    fn is_by(&self, key: &VerifyingKey) -> bool {
        key.fits(self.algorithm) && key.verifies(self.algorithm, self.input, self.signature)
    }
}
