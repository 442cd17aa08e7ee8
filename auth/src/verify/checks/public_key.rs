//! A signature made with a private key that only the vendor has: whoever reads
//! our secrets still cannot forge one.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use mef_ports::Secret;
use mef_source::checked::{Key, KeyEncoding, PublicKey, PublicKeyAlgorithm, Signed};

use super::single_check::SingleCheck;
use crate::hash;
use crate::verify::context::Context;
use crate::verify::denied::Denied;
use crate::verify::signed::signed_text::SignedText;
use crate::verify::signed::{self, Element};
use crate::verify::told::notes::Notes;

/// A key, in each form that a signature of its algorithm may need.
type Forms = Vec<ParsedPublicKey>;

impl SingleCheck for PublicKey {
    fn check(&self, context: Context<'_>, notes: &mut Notes) -> Result<Option<String>, Denied> {
        let keys = || {
            let live = context.secrets.live(&self.keys, context.now)?.into_iter();
            live.map(|(name, secret)| Ok((name, forms(name, secret, &self.key, self.algorithm)?)))
                .collect()
        };
        signed::check(&self.signed, context, notes, keys, fits).map(Some)
    }

    fn signed(&self) -> Option<&Signed> {
        Some(&self.signed)
    }
}

/// Returns whether one of the element's candidates is a signature of `text` by the key.
fn fits(key: &Forms, text: &SignedText<'_>, element: &Element<'_>) -> bool {
    let text = text.concat();
    key.iter().any(|form| element.candidates.iter().any(|sig| form.verify_sig(&text, sig).is_ok()))
}

/// Reads the key that the secret `name` holds.
fn forms(
    name: &str,
    secret: &Secret,
    written: &Key,
    algorithm: PublicKeyAlgorithm,
) -> Result<Forms, Denied> {
    let malformed = || Denied::PublicKeyMalformed { name: name.to_owned(), algorithm };
    let text = hash::without_prefix(secret, written);
    if text.is_empty() {
        return Err(Denied::SecretEmpty(name.to_owned()));
    }
    let bytes = match (from_pem(text), written.encoding) {
        (Some(der), _) => Some(der),
        (None, KeyEncoding::Utf8) => None,
        (None, encoding) => hash::key_bytes(text, encoding),
    };
    let bytes = bytes.ok_or_else(malformed)?;
    let forms: &[&'static dyn VerificationAlgorithm] = match algorithm {
        PublicKeyAlgorithm::Ed25519 => &[&ED25519],
        PublicKeyAlgorithm::EcdsaP256Sha256 => &[&ECDSA_P256_SHA256_ASN1, &ECDSA_P256_SHA256_FIXED],
        PublicKeyAlgorithm::RsaSha256 => &[&RSA_PKCS1_2048_8192_SHA256],
        PublicKeyAlgorithm::RsaSha512 => &[&RSA_PKCS1_2048_8192_SHA512],
    };
    if algorithm == PublicKeyAlgorithm::Ed25519 && is_of_small_order(&bytes) {
        return Err(malformed());
    }
    forms.iter().map(|form| ParsedPublicKey::new(*form, &bytes).map_err(|_| malformed())).collect()
}

/// Reads the bytes of a public key in PEM (RFC 7468). Its lines may have become
/// spaces, as they do in a file of variables.
fn from_pem(text: &str) -> Option<Vec<u8>> {
    let inside = text.trim().strip_prefix("-----BEGIN ")?;
    let (label, inside) = inside.split_once("-----")?;
    if !matches!(label, "PUBLIC KEY" | "RSA PUBLIC KEY") {
        return None;
    }
    let base64 = inside.strip_suffix(&format!("-----END {label}-----"))?;
    let base64: String = base64.split_ascii_whitespace().collect();
    STANDARD_PAD_INDIFFERENT.decode(base64).ok()
}

/// The points of Curve25519 whose order divides 8, and the other ways to write
/// them, without the sign bit. With such a key, signatures can be made that fit
/// any text (RFC 8032 §7; Chalkias et al., "Taming the many EdDSAs", 2020).
pub(crate) const SMALL_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/// Returns whether a key, bare or at the end of its SubjectPublicKeyInfo, is a
/// point that proves nothing.
fn is_of_small_order(key: &[u8]) -> bool {
    let Some(mut point) = key.last_chunk::<32>().copied() else { return false };
    if let Some(last) = point.last_mut() {
        *last &= 0x7f;
    }
    SMALL_ORDER.contains(&hex::encode(point).as_str())
}
