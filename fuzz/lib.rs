//! What the fuzz targets share: the checks, a request made of noise, and its judgement.

pub mod records;
pub mod vendor;

use std::sync::LazyLock;

use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::{LiveSecrets, verify, verify_explained, without_credentials};
use mef_ports::Secret;
use mef_source::checked::Webhook;

/// The headers that the sources of the targets read.
pub const HEADERS: [&str; 6] = ["authorization", "x-sig", "x-sig-1", "x-time", "x-id", "x-other"];

/// Checks of every kind, for the target `verify`.
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
    r#"hmac: { hash: sha256, secrets: [s], text: "{atlassian_canonical}{signed_headers.x-other}{body|sha256_hex}",
         signature: { from: header.x-sig, encoding: base64 } }"#,
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

/// The webhooks of [`CHECKS`], which are read once and not for each input.
static WEBHOOKS: LazyLock<Vec<Webhook>> =
    LazyLock::new(|| CHECKS.iter().map(|checks| loaded(checks)).collect());

/// Returns the webhook with the checks that `index` chooses.
pub fn checks(index: u8) -> &'static Webhook {
    &WEBHOOKS[usize::from(index) % WEBHOOKS.len()]
}

/// Returns the webhook of a source with these checks.
///
/// # Panics
///
/// Panics with the mistakes if it does not load: then the target tests nothing.
pub fn loaded(checks: &str) -> Webhook {
    let text = source(checks);
    match mef_source::load(&text, &|_| Err("no files".to_owned())) {
        Ok(loaded) => loaded.source.webhook.expect("the source is pushed"),
        Err(problems) => panic!("the checks do not load: {problems:?}\n{text}"),
    }
}

/// Returns the webhook of a source with these checks, if it loads.
pub fn webhook(checks: &str) -> Option<Webhook> {
    mef_source::load(&source(checks), &|_| Err("no files".to_owned())).ok()?.source.webhook
}

fn source(checks: &str) -> String {
    format!(
        "source: fuzz\nwebhook:\n  public_url: https://hooks.example.com/fuzz\n  verify:\n    - {checks}\n"
    )
}

/// Makes a request of noise that reads as one, so that a dictionary and the corpus of one target serve:
/// lines `NAME: value` up to an empty line, where `?` is the name of the query, then the body. A digit is
/// a name too: the index of one of [`HEADERS`].
pub fn request(noise: &[u8]) -> Request {
    let (head, body) = match noise.windows(2).position(|pair| pair == b"\n\n") {
        Some(end) => (&noise[..end], &noise[end + 2..]),
        None => (noise, &b""[..]),
    };
    let (mut query, mut headers) = (String::new(), Vec::new());
    for line in head.split(|byte| *byte == b'\n') {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = (&line[..colon], line.get(colon + 1..).unwrap_or_default());
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"?" => query = String::from_utf8_lossy(value).into_owned(),
            [digit @ b'0'..=b'9'] => {
                let index = usize::from(digit - b'0') % HEADERS.len();
                headers.push((HEADERS[index].to_owned(), value.to_vec()));
            }
            name => headers.push((String::from_utf8_lossy(name).into_owned(), value.to_vec())),
        }
    }
    Request::new("POST", "/fuzz", query, headers, body.to_vec())
}

/// Judges `request`, which nobody signed: it must be refused, in words, and
/// telling why must change nothing.
pub fn refuse(webhook: &Webhook, request: Request) {
    let secrets: LiveSecrets =
        [("s".to_owned(), Secret::new("00112233445566778899aabbccddeeff"))].into_iter().collect();
    let now = Timestamp::from_second(1_700_000_000).expect("it is in range");
    let denied = verify(webhook, request.clone(), &secrets, now).expect_err("nobody signed it");
    assert!(!denied.to_string().is_empty());
    let (explained, _) = verify_explained(webhook, request.clone(), &secrets, now);
    assert_eq!(explained.expect_err("nobody signed it"), denied);
    without_credentials(webhook, &request);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checks_of_every_target_load() {
        for index in 0..CHECKS.len() {
            refuse(checks(u8::try_from(index).unwrap()), request(b"?: a=1\n0: Bearer x\n\n{}"));
        }
    }

    #[test]
    fn noise_that_reads_as_a_request_is_one() {
        let request = request(b"?: t=a\n1: v1=ab\nx-other:c\n\n{\"a\":1}");
        assert_eq!((request.raw_query(), request.body().as_ref()), ("t=a", &b"{\"a\":1}"[..]));
        let headers =
            [("x-sig".to_owned(), b"v1=ab".to_vec()), ("x-other".to_owned(), b"c".to_vec())];
        assert_eq!(request.headers(), headers);
    }
}
