//! Signed tokens: genuine ones of every kind, and where they may stand.

mod claims;
mod events;
mod forged;

use std::sync::{Arc, LazyLock};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::*;
use crate::verify::{
    KeyDocument, KeyKind, KeySource, verify_authorization, verify_head, wanted_keys,
};

const JWKS_URL: &str = "https://issuer.example.com/keys";

/// A key pair of an issuer.
struct Pair {
    signing: EncodingKey,
    jwk: Value,
    public_pem: String,
}

fn rsa() -> Pair {
    let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let private_pem = pem::encode(&pem::Pem::new("PRIVATE KEY", pkcs8.as_ref()));
    let signing = EncodingKey::from_rsa_pem(private_pem.as_bytes()).unwrap();
    let jwk = jwk(&signing, Algorithm::RS256);
    let spki = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
    Pair { signing, jwk, public_pem: public_pem(spki.as_ref()) }
}

fn ec(curve: &'static EcdsaSigningAlgorithm, algorithm: Algorithm) -> Pair {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new()).unwrap();
    let signing = EncodingKey::from_ec_der(pkcs8.as_ref());
    let jwk = jwk(&signing, algorithm);
    let pair = EcdsaKeyPair::from_pkcs8(curve, pkcs8.as_ref()).unwrap();
    let spki = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
    Pair { signing, jwk, public_pem: public_pem(spki.as_ref()) }
}

fn ed() -> Pair {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": b64(pair.public_key().as_ref()) });
    let spki = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
    let signing = EncodingKey::from_ed_der(pkcs8.as_ref());
    Pair { signing, jwk, public_pem: public_pem(spki.as_ref()) }
}

fn jwk(signing: &EncodingKey, algorithm: Algorithm) -> Value {
    let mut jwk = Jwk::from_encoding_key(signing, algorithm).unwrap();
    jwk.common.key_algorithm = None;
    serde_json::to_value(jwk).unwrap()
}

fn public_pem(spki: &[u8]) -> String {
    pem::encode(&pem::Pem::new("PUBLIC KEY", spki))
}

static RSA: LazyLock<Pair> = LazyLock::new(rsa);
static OTHER_RSA: LazyLock<Pair> = LazyLock::new(rsa);
static P256: LazyLock<Pair> =
    LazyLock::new(|| ec(&ECDSA_P256_SHA256_FIXED_SIGNING, Algorithm::ES256));
static P384: LazyLock<Pair> =
    LazyLock::new(|| ec(&ECDSA_P384_SHA384_FIXED_SIGNING, Algorithm::ES384));
static ED: LazyLock<Pair> = LazyLock::new(ed);

/// Every algorithm of a public key with a key for it.
fn families() -> Vec<(Algorithm, &'static str, &'static Pair)> {
    vec![
        (Algorithm::RS256, "RS256", &RSA),
        (Algorithm::RS384, "RS384", &RSA),
        (Algorithm::RS512, "RS512", &RSA),
        (Algorithm::PS256, "PS256", &RSA),
        (Algorithm::PS384, "PS384", &RSA),
        (Algorithm::PS512, "PS512", &RSA),
        (Algorithm::ES256, "ES256", &P256),
        (Algorithm::ES384, "ES384", &P384),
        (Algorithm::EdDSA, "EdDSA", &ED),
    ]
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token made of these two texts as they are.
fn raw(header: &str, claims: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", b64(header), b64(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn claims() -> Value {
    json!({ "iss": "https://issuer.example.com", "aud": "us", "sub": "vendor", "iat": NOW, "exp": NOW + 300 })
}

/// A token of the RSA key `k1` with these claims.
fn token(claims: &Value) -> String {
    let header = r#"{"typ":"JWT","alg":"RS256","kid":"k1"}"#;
    raw(header, &claims.to_string(), &RSA.signing, Algorithm::RS256)
}

/// The claims with one changed, or removed if it is null.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => claims.as_object_mut().unwrap().remove(name),
        value => claims.as_object_mut().unwrap().insert(name.to_owned(), value),
    };
    claims
}

fn named(jwk: &Value, kid: &str) -> Value {
    let mut jwk = jwk.clone();
    jwk["kid"] = json!(kid);
    jwk
}

/// What the issuer publishes.
fn published(keys: &[Value]) -> LiveSecrets {
    let bytes = json!({ "keys": keys }).to_string();
    let document = KeyDocument::parse(KeyKind::Jwks, bytes.as_bytes()).unwrap();
    let mut live = secrets(&[("s", "shared secret"), ("old", "the one before")]);
    live.insert_keys(&source(), Arc::new(document));
    live
}

fn source() -> KeySource {
    KeySource { url: JWKS_URL.parse().unwrap(), kind: KeyKind::Jwks }
}

fn bearer(token: &str) -> Post {
    Post::new(&[("authorization", &format!("Bearer {token}"))], r#"{"a":1}"#)
}

const START: &str = r#"from: header.Authorization, prefix: "Bearer ", issuer: "https://issuer.example.com", audience: us"#;

fn pinned() -> String {
    format!("jwt: {{ {START}, algorithms: [RS256], keys: {{ jwks_url: \"{JWKS_URL}\" }} }}")
}

/// Judges a token by `checks` with the keys of `live`.
fn judge_by(checks: &str, live: &LiveSecrets, post: &Post) -> Result<Verified, Denied> {
    verify(&webhook(checks), post.request(), live, now())
}

fn judge(token: &str) -> Result<Verified, Denied> {
    judge_by(&pinned(), &published(&[named(&RSA.jwk, "k1")]), &bearer(token))
}

fn refused(token: &str) -> String {
    let denied = judge(token).unwrap_err();
    // No message shows anything of the token.
    for part in token.split('.').filter(|part| part.len() > 8) {
        assert!(!denied.to_string().contains(part), "{denied}");
    }
    denied.to_string()
}

#[test]
fn a_genuine_token_of_every_family_passes_with_its_own_algorithm_only() {
    for (algorithm, name, pair) in families() {
        let header = format!(r#"{{"alg":"{name}","kid":"k1"}}"#);
        let token = raw(&header, &claims().to_string(), &pair.signing, algorithm);
        let keys = published(&[named(&pair.jwk, "k1")]);
        for (_, listed, _) in families() {
            let checks = pinned().replace("RS256", listed);
            let judged = judge_by(&checks, &keys, &bearer(&token));
            assert_eq!(judged.is_ok(), listed == name, "{name} where {listed} is listed");
        }
        let pem = format!("jwt: {{ {START}, algorithms: [{name}], keys: {{ pem: [p] }} }}");
        let passed = judge_by(&pem, &secrets(&[("p", &pair.public_pem)]), &bearer(&token)).unwrap();
        assert_eq!(passed.passed()[0].secret.as_deref(), Some("p"), "{name}");
        let jwk = pem.replace("pem: [p]", "jwk: [p]");
        let key = named(&pair.jwk, "k1").to_string();
        assert!(judge_by(&jwk, &secrets(&[("p", &key)]), &bearer(&token)).is_ok(), "{name}");
        let set = json!({ "keys": [pair.jwk] }).to_string();
        assert!(judge_by(&jwk, &secrets(&[("p", &set)]), &bearer(&token)).is_ok(), "{name}");
    }
}

#[test]
fn a_shared_secret_signs_and_any_of_them_is_enough() {
    for (name, algorithm) in
        [("HS256", Algorithm::HS256), ("HS384", Algorithm::HS384), ("HS512", Algorithm::HS512)]
    {
        let checks =
            format!("jwt: {{ {START}, algorithms: [{name}], keys: {{ secrets: [s, old] }} }}");
        let token = |secret: &str| {
            let header = format!(r#"{{"alg":"{name}"}}"#);
            let key = EncodingKey::from_secret(secret.as_bytes());
            bearer(&raw(&header, &claims().to_string(), &key, algorithm))
        };
        let live = published(std::slice::from_ref(&RSA.jwk));
        let by = |secret: &str| judge_by(&checks, &live, &token(secret));
        assert_eq!(by("shared secret").unwrap().passed()[0].secret.as_deref(), Some("s"));
        assert_eq!(by("the one before").unwrap().passed()[0].secret.as_deref(), Some("old"));
        let wrong = by("another").unwrap_err();
        assert!(wrong.depends_on_secret() && !wrong.depends_on_keys(), "{wrong}");
        assert!(by("").is_err());
        let empty = secrets(&[("s", ""), ("old", "")]);
        assert!(matches!(judge_by(&checks, &empty, &token("")), Err(Denied::SecretEmpty(_))));
    }
}

#[test]
fn without_the_published_keys_nothing_passes_and_it_is_told_apart() {
    let denied = judge_by(&pinned(), &LiveSecrets::default(), &bearer(&token(&claims())));
    let denied = denied.unwrap_err();
    assert!(denied.lacks_keys(), "{denied}");
    assert_eq!(denied.to_string(), "the keys that `issuer.example.com` publishes are not there");
    // A secret that somebody published is no key.
    let oct = json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0", "kid": "k1" }] }).to_string();
    for nothing in ["{}", "[]", "", "{\"keys\":[]}", "{\"keys\":{}}", "<html>", &oct] {
        assert!(KeyDocument::parse(KeyKind::Jwks, nothing.as_bytes()).is_err(), "{nothing}");
    }
}

#[test]
fn keys_are_wanted_only_for_what_could_pass() {
    let wanted =
        |checks: &str, post: &Post| wanted_keys(&webhook(checks), &post.request(), |_| true, now());
    assert_eq!(wanted(&pinned(), &bearer(&token(&claims()))), [source()]);
    let twice = format!("{}\n    - {}", pinned(), pinned());
    assert_eq!(wanted(&twice, &bearer(&token(&claims()))), [source()]);
    for nothing in [
        Post::new(&[], ""),
        bearer("a.b.c"),
        bearer(&token(&with("exp", json!(NOW - 3600)))),
        bearer(&token(&with("aud", json!("them")))),
    ] {
        assert_eq!(wanted(&pinned(), &nothing), []);
    }
    let local = format!("jwt: {{ {START}, algorithms: [HS256], keys: {{ secrets: [s] }} }}");
    assert_eq!(wanted(&local, &bearer(&token(&claims()))), []);
}

#[test]
fn one_header_line_with_the_scheme_before_it() {
    let good = token(&claims());
    let keys = published(&[named(&RSA.jwk, "k1")]);
    let by = |headers: &[(&str, &str)]| judge_by(&pinned(), &keys, &Post::new(headers, "{}"));
    let line = format!("Bearer {good}");
    assert!(by(&[("Authorization", &line)]).is_ok());
    assert!(by(&[("Authorization", &format!("bearer {good}"))]).is_ok());
    let twice = by(&[("Authorization", &line), ("authorization", &line)]);
    assert!(matches!(twice, Err(Denied::Duplicated(_))));
    assert!(matches!(by(&[("Authorization", &good)]), Err(Denied::TokenPrefix { .. })));
    assert!(matches!(by(&[("Authorization", "Bearer ")]), Err(Denied::Missing(_))));
    assert!(matches!(by(&[]), Err(Denied::Missing(_))));
    // What was verified goes on without its token.
    let verified = by(&[("Authorization", &line)]).unwrap();
    assert_eq!(verified.header("authorization"), Some("***"));
}

#[test]
fn every_token_of_a_list_in_the_body_must_be_good() {
    let checks = pinned().replace(
        r#"from: header.Authorization, prefix: "Bearer ""#,
        r#"from: "/validationTokens/*""#,
    );
    let keys = published(&[named(&RSA.jwk, "k1")]);
    let (good, bad) = (token(&claims()), token(&with("aud", json!("them"))));
    let by = |tokens: &[&str]| {
        let body = json!({ "validationTokens": tokens, "value": [1] }).to_string();
        judge_by(&checks, &keys, &Post::new(&[], body))
    };
    let verified = by(&[&good, &good]).unwrap();
    assert_eq!(verified.body().as_ref(), br#"{"validationTokens":["***","***"],"value":[1]}"#);
    assert!(by(&[&good, &bad]).is_err());
    assert!(by(&[&bad, &good]).is_err());
    assert!(by(&[]).is_err());
    assert!(by(&[good.as_str(); 33]).is_err());
    assert!(judge_by(&checks, &keys, &Post::new(&[], "{}")).is_err());
}

#[test]
fn the_head_decides_all_but_the_digest() {
    let with_digest =
        pinned().replace("algorithms:", "digest: { h: \"{body|sha256_hex}\" }, algorithms:");
    let keys = published(&[named(&RSA.jwk, "k1")]);
    let (good, bad) = (token(&claims()), token(&with("aud", json!("them"))));
    for checks in [pinned(), with_digest.clone()] {
        let webhook = webhook(&checks);
        let head = |token: &str| verify_head(&webhook, &bearer(token).head(), &keys, now());
        let authorization =
            |token: &str| verify_authorization(&webhook, &format!("Bearer {token}"), &keys, now());
        assert!(head(&good).is_ok() && authorization(&good).is_ok());
        for denied in [head(&bad), authorization(&bad)] {
            assert!(matches!(denied, Err(Denied::JwtClaim { .. })), "{denied:?}");
        }
        let none = LiveSecrets::default();
        let denied = verify_head(&webhook, &bearer(&good).head(), &none, now()).unwrap_err();
        assert!(denied.lacks_keys());
    }
    // The digest is left to the full check.
    assert!(judge_by(&with_digest, &keys, &bearer(&good)).is_err());
    let in_body =
        pinned().replace(r#"from: header.Authorization, prefix: "Bearer ""#, "from: /token");
    let post = Post::new(&[], format!("{{\"token\":\"{bad}\"}}"));
    assert!(verify_head(&webhook(&in_body), &post.head(), &LiveSecrets::default(), now()).is_ok());
    assert!(judge_by(&in_body, &keys, &post).is_err());
}
