//! What a token claims: for how long, for whom, and over which request.

use super::*;

#[test]
fn times_hold_to_the_second() {
    let leeway = 60;
    for (claim, value, passes) in [
        ("exp", NOW - leeway + 1, true),
        ("exp", NOW - leeway, false),
        ("exp", NOW - 100_000, false),
        ("nbf", NOW + leeway, true),
        ("nbf", NOW + leeway + 1, false),
        ("iat", NOW + leeway, true),
        ("iat", NOW + leeway + 1, false),
        ("iat", 0, true),
    ] {
        assert_eq!(judge(&token(&with(claim, json!(value)))).is_ok(), passes, "{claim} {value}");
    }
    // A claim that is not required must still be right.
    let checks = pinned().replace("algorithms:", "max_age: 300s, leeway: 0s, algorithms:");
    let keys = published(&[named(&RSA.jwk, "k1")]);
    for (claims, passes) in [
        (with("iat", json!(NOW - 300)), true),
        (with("iat", json!(NOW - 301)), false),
        (with("iat", json!(NOW)), true),
        (with("iat", json!(NOW + 1)), false),
        (with("iat", Value::Null), false),
        (with("exp", Value::Null), true),
        (with("exp", json!(NOW)), false),
        (with("exp", json!(NOW + 1)), true),
    ] {
        let judged = judge_by(&checks, &keys, &bearer(&token(&claims)));
        assert_eq!(judged.is_ok(), passes, "{claims}");
    }
}

#[test]
fn a_time_that_is_none_is_refused() {
    for time in [
        "\"1700000300\"",
        "null",
        "true",
        "-1",
        "1e12",
        "1.7e9",
        "[1700000300]",
        "{}",
        "99999999999999999999",
        "1700000300.",
        "0x7",
    ] {
        for claim in ["exp", "nbf", "iat"] {
            let text = with(claim, json!("HERE")).to_string().replace("\"HERE\"", time);
            let header = r#"{"alg":"RS256","kid":"k1"}"#;
            let token = raw(header, &text, &RSA.signing, Algorithm::RS256);
            assert!(judge(&token).is_err(), "{claim}: {time}");
        }
    }
    let text = claims().to_string().replace("1700000300", "1700000300.75");
    let header = r#"{"alg":"RS256","kid":"k1"}"#;
    assert!(judge(&raw(header, &text, &RSA.signing, Algorithm::RS256)).is_ok());
}

#[test]
fn issuer_audience_and_pinned_claims_must_be_ours() {
    for (claim, value, passes) in [
        ("iss", json!("https://issuer.example.com"), true),
        ("iss", json!("https://issuer.example.com/"), false),
        ("iss", json!("https://evil.example.com"), false),
        ("iss", json!(["https://issuer.example.com"]), false),
        ("iss", json!(""), false),
        ("iss", Value::Null, false),
        ("aud", json!("us"), true),
        ("aud", json!(["them", "us"]), true),
        ("aud", json!(["us"]), true),
        ("aud", json!(["them"]), false),
        ("aud", json!([]), false),
        ("aud", json!(["us", 1]), false),
        ("aud", json!("us "), false),
        ("aud", json!("US"), false),
        ("aud", json!({ "us": "us" }), false),
        ("aud", json!(true), false),
        ("aud", Value::Null, false),
        ("exp", Value::Null, false),
    ] {
        assert_eq!(judge(&token(&with(claim, value.clone()))).is_ok(), passes, "{claim}: {value}");
    }
    let several = pinned()
        .replace("audience: us", "audience: [we, us]")
        .replace("\"https://issuer.example.com\"", "[\"https://issuer.example.com\", other]");
    let checks = several.replace(
        "algorithms:",
        "claims: { email: a@example.com, email_verified: true, n: 7 }, required: [exp, jti], algorithms:",
    );
    let keys = published(&[named(&RSA.jwk, "k1")]);
    let mut good = claims();
    for (claim, value) in [
        ("iss", json!("other")),
        ("email", json!("a@example.com")),
        ("email_verified", json!(true)),
        ("n", json!(7)),
        ("jti", json!("1")),
    ] {
        good[claim] = value;
    }
    assert!(judge_by(&checks, &keys, &bearer(&token(&good))).is_ok());
    for (claim, value) in [
        ("email", json!("b@example.com")),
        ("email", json!("A@example.com")),
        ("email", json!(["a@example.com"])),
        ("email_verified", json!("true")),
        ("email_verified", json!(false)),
        ("n", json!("7")),
        ("jti", Value::Null),
        ("email", Value::Null),
    ] {
        let mut bad = good.clone();
        bad[claim] = value.clone();
        assert!(judge_by(&checks, &keys, &bearer(&token(&bad))).is_err(), "{claim}: {value}");
    }
}

const PLAID: &str = "jwt: { from: header.Verification, algorithms: [ES256], keys: { jwk: [k] }, max_age: 300s, \
     digest: { request_body_sha256: \"{body|sha256_hex}\" } }";

fn plaid(body: &str, digest_of: Option<&str>) -> Result<Verified, Denied> {
    let mut claims = json!({ "iat": NOW });
    if let Some(text) = digest_of {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
        claims["request_body_sha256"] = json!(hex::encode(digest));
    }
    let header = r#"{"alg":"ES256","kid":"k1","typ":"JWT"}"#;
    let token = raw(header, &claims.to_string(), &P256.signing, Algorithm::ES256);
    let jwk = named(&P256.jwk, "k1").to_string();
    Post::new(&[("verification", &token)], body).verify(PLAID, &[("k", &jwk)])
}

#[test]
fn a_digest_binds_the_body_to_the_token() {
    assert!(plaid("{\"a\": 1}", Some("{\"a\": 1}")).is_ok());
    assert!(plaid("", Some("")).is_ok());
    for (body, digested) in [
        ("{\"a\":1}", Some("{\"a\": 1}")),
        ("{\"a\": 1}\n", Some("{\"a\": 1}")),
        ("{\"a\": 2}", Some("{\"a\": 1}")),
        ("", Some("{}")),
        ("{}", None),
    ] {
        let denied = plaid(body, digested).unwrap_err();
        assert!(matches!(denied, Denied::JwtClaim { .. }), "{body:?}: {denied}");
    }
}

#[test]
fn several_digests_must_all_be_right() {
    let checks = "jwt: { from: header.Sig, algorithms: [HS256], keys: { secrets: [s] }, issuer: MB, \
         digest: { payload_hash: \"{body|sha256_hex}\", url_hash: \"{url|sha256_hex}\", method: \"{method}\" } }";
    let hash = |text: &str| {
        hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()))
    };
    let by = |body: &str, url: &str, method: &str| {
        let claims = json!({ "iss": "MB", "exp": NOW + 60, "payload_hash": hash(body), "url_hash": hash(url), "method": method });
        let key = EncodingKey::from_secret(b"k");
        let token = raw(r#"{"alg":"HS256"}"#, &claims.to_string(), &key, Algorithm::HS256);
        let post = Post { query: "b=2&a=1".to_owned(), ..Post::new(&[("sig", &token)], "{}") };
        post.verify(checks, &[("s", "k")])
    };
    let url = "https://hooks.example.com/test?b=2&a=1";
    assert!(by("{}", url, "POST").is_ok());
    assert!(by("{ }", url, "POST").is_err());
    assert!(by("{}", "https://hooks.example.com/test", "POST").is_err());
    assert!(by("{}", url, "post").is_err());
}
