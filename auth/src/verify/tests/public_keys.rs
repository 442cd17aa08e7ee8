//! Signatures that a public key proves, and keys and signatures that only look
//! like it.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::samples::{Sample, sample};
use super::*;

/// The vendor's keys and one of somebody else, as secrets hold them.
struct Keys {
    ed25519: Ed25519KeyPair,
    ed25519_hex: String,
    other_ed25519_hex: String,
    ecdsa_der: EcdsaKeyPair,
    ecdsa_fixed: EcdsaKeyPair,
    ecdsa_spki: String,
    other_ecdsa_spki: String,
    rsa: RsaKeyPair,
    rsa_pem: String,
    other_rsa_pem: String,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let ed25519 = |seed: u8| Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let ecdsa_der = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let pkcs8 = ecdsa_der.to_pkcs8v1().unwrap();
    let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let spki = |key: &EcdsaKeyPair| {
        let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        STANDARD.encode(der.as_ref())
    };
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let other_rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let pem = |key: &RsaKeyPair| {
        let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<_> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    };
    Keys {
        ed25519_hex: hex::encode(ed25519(7).public_key().as_ref()),
        other_ed25519_hex: hex::encode(ed25519(8).public_key().as_ref()),
        ed25519: ed25519(7),
        ecdsa_spki: spki(&ecdsa_der),
        ecdsa_fixed: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref())
            .unwrap(),
        other_ecdsa_spki: spki(&other),
        ecdsa_der,
        rsa_pem: pem(&rsa),
        other_rsa_pem: pem(&other_rsa),
        rsa,
    }
});

fn ecdsa(key: &EcdsaKeyPair, text: &str) -> Vec<u8> {
    key.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref().to_vec()
}

fn rsa(text: &str) -> Vec<u8> {
    let mut signature = vec![0; KEYS.rsa.public_modulus_len()];
    KEYS.rsa
        .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
        .unwrap();
    signature
}

const BODY: &str = r#"{"id":"1","type":2}"#;

/// Layouts for the battery. The encodings are without padding, so that every
/// cut takes something away.
pub(super) fn samples() -> Vec<Sample> {
    let keys = &*KEYS;
    let text = format!("{NOW}{BODY}");
    let key =
        |checks: &str, key: &'static str, wrong: &'static str, name: &'static str, sig: &str| {
            let time = NOW.to_string();
            let headers = [("x-sig", sig), ("x-time", time.as_str())];
            Sample {
                kind: "public_key",
                wrong,
                secrets: vec![("s", key)],
                window: Some((300_000, 300_000)),
                ..sample(name, checks, Post::new(&headers, BODY))
            }
        };
    let checks = |algorithm: &str, encoding: &str, key: &str| {
        format!(
            r#"public_key: {{ algorithm: {algorithm}, keys: [s], key: {{ encoding: {key} }}, text: "{{timestamp}}{{body}}",
                 signature: {{ from: header.x-sig, encoding: {encoding} }},
                 timestamp: {{ from: header.x-time, unit: s, max_age: 300s }} }}"#
        )
    };
    vec![
        key(
            &checks("ed25519", "hex", "hex"),
            &keys.ed25519_hex,
            &keys.other_ed25519_hex,
            "Discord",
            &hex::encode(keys.ed25519.sign(text.as_bytes())),
        ),
        key(
            &checks("ecdsa_p256_sha256", "hex", "base64"),
            &keys.ecdsa_spki,
            &keys.other_ecdsa_spki,
            "ECDSA as DER",
            &hex::encode(ecdsa(&keys.ecdsa_der, &text)),
        ),
        key(
            &checks("ecdsa_p256_sha256", "hex", "base64"),
            &keys.ecdsa_spki,
            &keys.other_ecdsa_spki,
            "ECDSA as two numbers",
            &hex::encode(ecdsa(&keys.ecdsa_fixed, &text)),
        ),
        key(
            &checks("rsa_sha256", "base64", "utf8"),
            &keys.rsa_pem,
            &keys.other_rsa_pem,
            "RSA",
            &STANDARD_NO_PAD.encode(rsa(&text)),
        ),
    ]
}

fn simple(algorithm: &str, encoding: &str) -> String {
    format!(
        r#"public_key: {{ algorithm: {algorithm}, keys: [s], key: {{ encoding: {encoding}, strip_prefix: whpk_ }},
             text: "{{body}}", signature: {{ from: header.x-sig, split: " ", encoding: hex }} }}"#
    )
}

fn judge(algorithm: &str, encoding: &str, key: &str, signature: &[u8]) -> Result<Verified, Denied> {
    let post = Post::new(&[("x-sig", &hex::encode(signature))], BODY);
    post.verify(&simple(algorithm, encoding), &[("s", key)])
}

#[test]
fn a_key_is_read_in_every_form_that_vendors_show() {
    let keys = &*KEYS;
    let signature = keys.ed25519.sign(BODY.as_bytes());
    let raw = hex::decode(&keys.ed25519_hex).unwrap();
    let spki = [&hex::decode("302a300506032b6570032100").unwrap()[..], &raw].concat();
    let pem =
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", STANDARD.encode(&spki));
    for (encoding, key) in [
        ("hex", keys.ed25519_hex.clone()),
        ("hex", keys.ed25519_hex.to_uppercase()),
        ("hex", hex::encode(&spki)),
        ("base64", STANDARD.encode(&raw)),
        ("base64", format!("whpk_{}", STANDARD.encode(&raw))),
        ("base64", STANDARD.encode(&spki)),
        ("base64", pem.clone()),
        ("utf8", pem.clone()),
        ("utf8", pem.replace('\n', " ")),
        ("utf8", format!("\n{}\r\n", pem.replace('\n', "\r\n"))),
    ] {
        let verified = judge("ed25519", encoding, &key, signature.as_ref());
        assert!(verified.is_ok(), "{encoding} {key}: {verified:?}");
    }
    let signature = rsa(BODY);
    assert!(judge("rsa_sha256", "utf8", &keys.rsa_pem, &signature).is_ok());
    let der: String = keys.rsa_pem.lines().filter(|line| !line.starts_with('-')).collect();
    assert!(judge("rsa_sha256", "base64", &der, &signature).is_ok());
}

#[test]
fn what_is_no_key_of_the_algorithm_denies_and_is_not_shown() {
    let keys = &*KEYS;
    let signature = keys.ed25519.sign(BODY.as_bytes());
    let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
    for (algorithm, encoding, key) in [
        ("ed25519", "utf8", keys.ed25519_hex.as_str()),
        ("ed25519", "base64", keys.ed25519_hex.as_str()),
        ("ed25519", "hex", &keys.ed25519_hex[2..]),
        ("ed25519", "hex", "zz"),
        ("ed25519", "base64", keys.ecdsa_spki.as_str()),
        ("ed25519", "utf8", keys.rsa_pem.as_str()),
        ("ed25519", "utf8", private),
        ("ecdsa_p256_sha256", "hex", keys.ed25519_hex.as_str()),
        ("ecdsa_p256_sha256", "utf8", keys.rsa_pem.as_str()),
        ("rsa_sha256", "base64", keys.ecdsa_spki.as_str()),
        ("rsa_sha256", "hex", keys.ed25519_hex.as_str()),
    ] {
        let denied = judge(algorithm, encoding, key, signature.as_ref()).unwrap_err();
        assert!(matches!(denied, Denied::PublicKeyMalformed { .. }), "{algorithm} {key}: {denied}");
        assert!(denied.depends_on_secret() && denied.is_misconfigured());
        assert!(!denied.to_string().contains(key), "{denied}");
    }
    let empty = judge("ed25519", "base64", "whpk_", signature.as_ref()).unwrap_err();
    assert_eq!(empty, Denied::SecretEmpty("s".to_owned()));
}

#[test]
fn a_key_that_fits_any_text_denies() {
    // With the neutral element as the key, R = B·0 and S = 0 fit everything.
    let mut forged = [0; 64];
    forged[0] = 1;
    for point in crate::verify::checks::public_key::SMALL_ORDER {
        let mut bytes = hex::decode(point).unwrap();
        for sign in [0, 0x80] {
            bytes[31] |= sign;
            for (encoding, key) in [
                ("hex", hex::encode(&bytes)),
                ("hex", format!("302a300506032b6570032100{}", hex::encode(&bytes))),
            ] {
                let denied = judge("ed25519", encoding, &key, &forged).unwrap_err();
                assert!(matches!(denied, Denied::PublicKeyMalformed { .. }), "{key}: {denied}");
            }
        }
    }
}

#[test]
fn another_algorithm_or_another_form_of_a_signature_denies() {
    let keys = &*KEYS;
    let good = keys.ed25519.sign(BODY.as_bytes()).as_ref().to_vec();
    assert!(judge("ed25519", "hex", &keys.ed25519_hex, &good).is_ok());
    // A careless verifier takes S + L for the same number (RFC 8032 §5.1.7).
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut other = good.clone();
    let mut carry = 0_u16;
    for (byte, add) in other[32..].iter_mut().zip(order.unwrap()) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = (carry & 0xff) as u8;
        carry >>= 8;
    }
    let der = ecdsa(&keys.ecdsa_der, BODY);
    let mut long = der.clone();
    long.push(0);
    let mut negated = rsa(BODY);
    negated.reverse();
    for (algorithm, encoding, key, signature) in [
        ("ed25519", "hex", keys.ed25519_hex.as_str(), other),
        ("ed25519", "hex", &keys.ed25519_hex, vec![0; 64]),
        ("ed25519", "hex", &keys.ed25519_hex, der.clone()),
        ("ecdsa_p256_sha256", "base64", &keys.ecdsa_spki, vec![0; 64]),
        ("ecdsa_p256_sha256", "base64", &keys.ecdsa_spki, hex::decode("3006020100020100").unwrap()),
        ("ecdsa_p256_sha256", "base64", &keys.ecdsa_spki, long),
        ("ecdsa_p256_sha256", "base64", &keys.ecdsa_spki, good),
        ("rsa_sha256", "utf8", &keys.rsa_pem, negated),
        ("rsa_sha256", "utf8", &keys.rsa_pem, vec![0; 256]),
        ("rsa_sha256", "utf8", &keys.rsa_pem, der),
    ] {
        let denied = judge(algorithm, encoding, key, &signature).unwrap_err();
        assert!(matches!(denied, Denied::SignatureMismatch { .. }), "{algorithm}: {denied}");
    }
    // A digest as HMAC with the public key, which is no secret, is no signature.
    let mac = mac(lc_hmac::HMAC_SHA256, keys.rsa_pem.as_bytes(), BODY.as_bytes());
    assert!(judge("rsa_sha256", "utf8", &keys.rsa_pem, &mac).is_err());
}

#[test]
fn the_old_key_counts_beside_the_new_and_any_of_several_signatures() {
    let keys = &*KEYS;
    let checks = simple("ed25519", "hex").replace("[s]", "[new, s]");
    let good = hex::encode(keys.ed25519.sign(BODY.as_bytes()));
    let sig = format!("{} {good}", "00".repeat(64));
    let post = Post::new(&[("x-sig", &sig)], BODY);
    let both = [("new", keys.other_ed25519_hex.as_str()), ("s", keys.ed25519_hex.as_str())];
    let verified = post.verify(&checks, &both).unwrap();
    assert_eq!(verified.passed()[0].secret.as_deref(), Some("s"));
    assert_eq!(verified.header("x-sig"), Some("***"));
    let retired = post.verify(&checks, &[both[0], ("s", both[0].1)]).unwrap_err();
    assert!(matches!(&retired, Denied::SignatureMismatch { secrets, .. } if secrets.len() == 2));
}
