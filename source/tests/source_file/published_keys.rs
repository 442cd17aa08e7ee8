//! Signed tokens and SNS messages: what would let others in does not load.

use mef_source::checked::{Check, JwtKeys, Verify};
use mef_source::load;

use crate::mistakes::{report, said};
use crate::no_files;

const JWT: &str = r#"
source: hook
webhook:
  verify:
    - jwt: { from: header.Authorization, prefix: "Bearer ", algorithms: [RS256, ES256],
             keys: { jwks_url: "https://issuer.example.com/keys" },
             issuer: "https://issuer.example.com", audience: us }
"#;

const SNS: &str = r#"
source: hook
webhook:
  verify:
    - aws_sns: { topics: ["arn:aws:sns:eu-west-1:123456789012:events"] }
"#;

#[test]
fn tokens_that_others_could_have() {
    let url = r#"{ jwks_url: "https://issuer.example.com/keys" }"#;
    let (issuer, audience) = (r#"issuer: "https://issuer.example.com""#, ", audience: us");
    let cases = [
        ("as it should be", "", ""),
        ("no audience", audience, ""),
        ("empty audience", audience, ", audience: []"),
        ("an audience without a name", audience, ", audience: [us, \"\"]"),
        ("no issuer", issuer, "max_age: 60s"),
        ("a shared issuer", issuer, "issuer: [\"https://accounts.google.com\"]"),
        (
            "a shared issuer, pinned",
            issuer,
            "issuer: accounts.google.com, claims: { email: a@example.com, email_verified: true }",
        ),
        ("no algorithm", "[RS256, ES256]", "[]"),
        ("none", "[RS256, ES256]", "[none]"),
        ("mixed", "[RS256, ES256]", "[HS256, RS256]"),
        ("a secret of published keys", "[RS256, ES256]", "[HS256, HS384]"),
        ("a public key that is a secret", url, "{ secrets: [s] }"),
        ("no secret", url, "{ pem: [] }"),
        ("keys from nowhere", url, "{}"),
        ("two kinds of keys", url, "{ pem: [a], jwk: [b] }"),
        ("http", "https://issuer.example.com/keys", "http://issuer.example.com/keys"),
        ("this machine", "https://issuer.example.com/keys", "http://127.0.0.1:8080/keys"),
        ("a password", "https://issuer.example.com/keys", "https://u:p@issuer.example.com/keys"),
        ("a file", "https://issuer.example.com/keys", "file:///keys"),
        ("for ever", audience, ", audience: us, required: [sub]"),
        ("an age of nothing", audience, ", audience: us, max_age: 60s, required: [exp]"),
        ("no age", audience, ", audience: us, max_age: 0s"),
        ("a constant digest", audience, ", audience: us, digest: { h: \"x\" }"),
        ("a digest of no URL", audience, ", audience: us, digest: { h: \"{url|sha256_hex}\" }"),
        ("unknown key", audience, ", audience: us, scheme: Bearer"),
    ];
    insta::assert_snapshot!(report(JWT, &cases));
}

#[test]
fn topics_and_hosts_of_somebody_else() {
    let topics = r#"["arn:aws:sns:eu-west-1:123456789012:events"]"#;
    let cases = [
        ("as it should be", "", ""),
        ("no topics", topics, "[]"),
        ("topics left out", "topics: [\"arn:aws:sns:eu-west-1:123456789012:events\"] ", ""),
        ("every topic", topics, "[\"*\"]"),
        ("topics that begin like it", topics, "[\"arn:aws:sns:eu-west-1:123456789012:*\"]"),
        ("a queue", topics, "[\"arn:aws:sqs:eu-west-1:123456789012:events\"]"),
        ("hosts", topics, "[\"arn:aws:sns:eu-west-1:1:e\"], cert_host: certs.example.com"),
        ("no host", topics, "[\"arn:aws:sns:eu-west-1:1:e\"], cert_host: []"),
        ("half of the world", topics, "[\"arn:aws:sns:eu-west-1:1:e\"], cert_host: com"),
        ("a host with a port", topics, "[\"arn:aws:sns:eu-west-1:1:e\"], cert_host: \"a.b:8443\""),
        ("any host", topics, "[\"arn:aws:sns:eu-west-1:1:e\"], cert_host: \".\""),
    ];
    insta::assert_snapshot!(report(SNS, &cases));
}

#[test]
fn a_key_of_ones_own_needs_an_audience_or_a_digest() {
    let own = |keys: &str, more: &str| {
        said(&format!(
            "source: x\nwebhook:\n  verify:\n    - jwt: {{ from: header.x, algorithms: [{}], keys: {{ {keys} }}{more} }}\n",
            if keys.starts_with("secrets") { "HS256" } else { "ES256" }
        ))
    };
    let digest = ", digest: { h: \"{body|sha256_hex}\" }";
    for keys in ["pem: [k]", "jwk: [k]"] {
        assert!(own(keys, "").contains("the token has no `audience`"));
        assert!(!own(keys, digest).contains("error"), "{}", own(keys, digest));
        assert!(!own(keys, ", audience: us").contains("error"));
    }
    assert!(!own("secrets: [k]", "").contains("error"), "{}", own("secrets: [k]", ""));
}

#[test]
fn what_is_left_out_has_a_safe_meaning() {
    let jwt = |text: &str| {
        let webhook = load(text, &no_files).unwrap().source.webhook.unwrap();
        let Verify::All(checks) = webhook.verify else { panic!("nothing is verified") };
        let Some(Check::Jwt(jwt)) = checks.into_iter().next() else { panic!("no token") };
        jwt
    };
    let plain = jwt(JWT);
    assert_eq!((plain.required.as_slice(), plain.leeway.as_secs()), (&["exp".to_owned()][..], 60));
    assert!(matches!(plain.keys, JwtKeys::Jwks(_)) && plain.max_age.is_none());
    let aged = jwt(&JWT.replace("audience: us", "audience: us, max_age: 300s, leeway: 0s"));
    assert_eq!((aged.required.as_slice(), aged.leeway.as_secs()), (&["iat".to_owned()][..], 0));
}
