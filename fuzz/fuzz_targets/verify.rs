//! Whole verification of noise, by checks of every kind.
//!
//! A new kind of check gets a line in `CHECKS`: what it parses is then fuzzed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mef_fuzz::{Noise, refuse, webhook};

const CHECKS: &[&str] = &[
    r#"token: { from: header.authorization, prefix: "Bearer ", secrets: [s] }"#,
    r#"token: { from: "/value/*/state", secrets: [s] }"#,
    r#"hmac: { hash: sha256, secrets: [s], text: "{timestamp}.{body}",
         signature: { from: header.x-sig, split: ",", pair: "=", take: [v1], encoding: hex },
         timestamp: { from: signature.t, unit: s, max_age: 36525d } }"#,
    r#"hmac: { hash: sha512, secrets: [s], key: { encoding: hex }, text: "{id}.{/a}.{body}", id: [/id, header.x-id],
         signature: { from: ["header.x-sig-#", /sig], split: " ", pair: ",", take: [v1], bare: inherit, encoding: base64 } }"#,
    r#"hmac: { hash: sha1, secrets: [s], text: "{timestamp}{url}{query.a}",
         signature: { from: query.sig, encoding: base64url },
         timestamp: { from: header.x-time, unit: rfc3339, max_age: 36525d } }"#,
    "basic: { username: u, secrets: [s] }",
    "ip: { allow: [192.0.2.0/24] }",
    r#"any: [ { token: { from: query.t, secrets: [s] } }, { basic: { secrets: [s] } } ]"#,
    r#"all: [ { digest: { hash: sha256, of: "{body}", equals: query.digest, encoding: hex } },
         { hmac: { hash: sha1, secrets: [s], text: "{url}{form_sorted}", url_port_variants: true,
           signature: { from: header.x-sig, encoding: base64 } } } ]"#,
    r#"hmac: { hash: sha256, secrets: [s], text: "{atlassian_canonical}{signed_headers.x-other}{/a}",
         each: /items/*, signature: { from: /sig, encoding: base64 } }"#,
    r#"jwt: { from: header.authorization, prefix: "Bearer ", algorithms: [HS256, HS512], keys: { secrets: [s] },
         audience: [a, b], claims: { email: e }, max_age: 36525d, digest: { d: "{body|sha256_hex}" } }"#,
    r#"any: [ { jwt: { from: "/tokens/*", algorithms: [RS256, ES256, EdDSA], audience: a, issuer: i,
         keys: { jwks_url: "https://keys.example.com/jwks" } } }, { jwt: { from: query.t, algorithms: [PS256], audience: a, keys: { jwk: [s] } } } ]"#,
    "token: { from: form.t, secrets: [s] }",
    r#"hmac: { hash: sha256, secrets: [s], key: { text: "{timestamp}{secret}{form.a}" }, text: "{form.t}",
         signature: { from: [form.sig, header.x-sig], split: [" ", ","], encoding: hex },
         timestamp: { from: signature.0, unit: s, max_age: 36525d } }"#,
    r#"hmac: { hash: sha256, secrets: [s], text: "{timestamp}.{signature.h}.{listed_headers.h}.{body|crc32}",
         signature: { from: header.x-sig, split: ",", pair: "=", take: [v1], encoding: hex },
         timestamp: { from: signature.t, unit: s, max_age: 36525d } }"#,
    "jws: { from: header.x-sig, algorithms: [HS256], secrets: [s] }",
    "jwt: { from: body, record: claims, algorithms: [HS256], secrets: [s], required: [jti] }",
    r#"aws_sns: { topics: ["arn:aws:sns:us-east-1:123456789012:t"] }"#,
];

fuzz_target!(|input: (u8, Noise)| {
    let (index, noise) = input;
    let checks = CHECKS[usize::from(index) % CHECKS.len()];
    let webhook = webhook(checks).expect("the checks load");
    refuse(&webhook, noise.request());
});
