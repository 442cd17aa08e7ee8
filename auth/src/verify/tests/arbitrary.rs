//! Random requests are always denied, and never panic.

use proptest::prelude::*;

use super::samples::{Sample, samples};
use super::*;
use crate::verify::{verify_explained, without_credentials};

const EXTRA: [&str; 17] = [
    r#"token: { from: "/value/*/state", secrets: [s] }"#,
    r#"token: { from: query.t, prefix: "Bearer ", secrets: [s] }"#,
    r#"hmac: { hash: sha256, secrets: [s], text: "{timestamp}{/a/0}{query.t}{path_query}",
         signature: { from: ["header.x-#", query.t, /sig], split: " ", pair: "=", take: [v], bare: inherit, encoding: base64 },
         timestamp: { from: header.h, unit: rfc3339, max_age: 36525d } }"#,
    r#"hmac: { hash: sha256, secrets: [s], text: "{id}{timestamp}", id: [/a, query.t, header.h],
         signature: { from: header.x-1, encoding: hex },
         timestamp: { from: query.t, unit: ms, max_age: 0s } }"#,
    r#"jwt: { from: header.h, prefix: "Bearer ", algorithms: [HS256], keys: { secrets: [s] }, digest: { d: "{body}" } }"#,
    r#"jwt: { from: "/value/*", algorithms: [RS256], issuer: a, audience: a, keys: { jwks_url: "https://a.example.com" } }"#,
    r#"aws_sns: { topics: ["arn:aws:sns:us-east-1:1:a"] }"#,
    r#"hmac: { hash: sha1, secrets: [s], text: "{url}{form_sorted}{atlassian_canonical}", url_port_variants: true,
         signature: { from: header.x-1, encoding: hex } }"#,
    r#"hmac: { hash: sha512, secrets: [s], text: "{signed_headers.h}{body|sha256_hex}{/b|default(\"\")}", each: /*,
         signature: { from: [header.x-1, /sig], encoding: base64 } }"#,
    r#"any: [ { basic: { secrets: [s] } }, { ip: { allow: ["2001:db8::/32"] } }, { all: [
         { token: { from: query.t, secrets: [s] } }, { digest: { hash: sha1, of: "{body}", equals: header.h, encoding: base64url } } ] } ]"#,
    r#"public_key: { algorithm: ed25519, keys: [key], key: { encoding: hex }, text: "{body}",
         signature: { from: [header.x-1, query.sig], split: ",", encoding: hex } }"#,
    "token: { from: form.t, secrets: [s] }",
    r#"hmac: { hash: sha256, secrets: [s], key: { text: "{timestamp}{form.a|default(\"\")}{secret}{/a|default(\"\")}" }, text: "{form.t}",
         signature: { from: [form.sig, header.x-1], split: [" ", ","], encoding: hex },
         timestamp: { from: signature.0, unit: s, max_age: 36525d } }"#,
    r#"hmac: { hash: sha256, secrets: [s], text: "{timestamp}.{signature.h}.{listed_headers.h}.{body}",
         signature: { from: header.x-1, split: ",", pair: "=", take: [v1], encoding: hex },
         timestamp: { from: signature.t, unit: s, max_age: 36525d } }"#,
    "jws: { from: header.h, algorithms: [HS256], secrets: [s] }",
    "jwt: { from: body, record: claims, algorithms: [HS256], secrets: [s], required: [iat, jti], max_age: 60s }",
    "jwt: { from: form.t, record: claims, type: secevent+jwt, algorithms: [HS256], secrets: [s] }",
];

const FORM: &str = "application/x-www-form-urlencoded";

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        "[ -~äé]{0,40}".prop_map(String::into_bytes),
        "(Bearer )?(eyJhbGciOiJIUzI1NiJ9|e30|[A-Za-z0-9_-]{0,20})\\.(e30|[A-Za-z0-9_-]{0,20})\\.[A-Za-z0-9_=-]{0,50}".prop_map(String::into_bytes),
        "(t=|v1=|v1,|sha256=|Bearer |[0-9a-f]{1,64}|[0-9]{1,18}|[,; =]){0,9}"
            .prop_map(String::into_bytes),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        "(t|a|sig|%74)?=?[ -~]{0,20}(&(t|a|sig)=(e30\\.e30\\.e30|[a-z0-9=+%]{0,9})){0,3}".prop_map(String::into_bytes),
        "(eyJhbGciOiJIUzI1NiJ9|e30)\\.(e30|[A-Za-z0-9_-]{0,9})\\.[A-Za-z0-9_-]{0,50}".prop_map(String::into_bytes),
        r#"(\{"|"|\}|\[|\]|:|,|"value"|"state"|"sig"|"signature"|"Type"|"Notification"|"TopicArn"|"arn:aws:sns:us-east-1:1:a"|"a"|1|null|\\u006|\{){0,30}"#
            .prop_map(String::into_bytes),
    ]
}

fn webhooks() -> Vec<Webhook> {
    let samples: Vec<Sample> = samples();
    let checks = samples.iter().map(|sample| sample.checks.as_str()).chain(EXTRA);
    checks.map(webhook).collect()
}

#[test]
fn arbitrary_requests_are_denied_without_a_panic() {
    let webhooks = webhooks();
    let names: Vec<String> = ["h", "x-1", "x-2", "x-100", "x-101", "svix-id", "svix-timestamp"]
        .into_iter()
        .map(str::to_owned)
        .chain(samples().iter().flat_map(|s| s.post.headers.clone()).map(|(name, _)| name))
        .collect();
    let form = prop::option::of(Just(FORM));
    let request = (
        (prop::collection::vec((prop::sample::select(names), value()), 0..12), form),
        "(t|a|%74|q|sig)?=?[ -~]{0,20}(&t=[a-z0-9=]{0,9})?",
        body(),
    );
    let live = secrets(&[
        ("s", "00a1"),
        ("old", "00a1"),
        ("key", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
    ]);
    proptest!(|(((mut headers, form), query, body) in request)| {
        headers.extend(form.map(|kind| ("content-type".to_owned(), kind.as_bytes().to_vec())));
        let request = Request::new("POST", "/test", query, headers, body);
        for webhook in &webhooks {
            let denied = verify(webhook, request.clone(), &live, now()).unwrap_err();
            prop_assert!(!denied.to_string().is_empty());
        }
    });
}

#[test]
fn only_checks_that_read_the_body_need_it() {
    let needs = |checks: &str| match &webhook(checks).verify {
        mef_source::checked::Verify::All(checks) => needs_body(&checks[0]),
        mef_source::checked::Verify::Nothing { .. } => panic!("there is a check"),
    };
    for sample in samples() {
        assert!(needs(&sample.checks), "{}", sample.vendor);
    }
    assert!(needs(EXTRA[0]) && !needs(EXTRA[1]) && needs(EXTRA[2]) && needs(EXTRA[3]));
    assert!(!needs(
        r#"hmac: { hash: sha256, secrets: [s], text: "{timestamp}{method}{query.t}",
             signature: { from: header.x, encoding: hex },
             timestamp: { from: header.y, unit: s, max_age: 1s } }"#
    ));
}

/// An `hmac` check that nobody has written yet.
fn check() -> impl Strategy<Value = String> {
    let place = || prop::sample::select(vec!["header.h", "query.t", "/a", "form.t", "header.x-1"]);
    let part = prop::sample::select(vec![
        "{body}",
        "{timestamp}",
        "{id}",
        "{method}",
        "{url}",
        "{path_query}",
        "{/a}",
        "{query.t}",
        "{form.t}",
        "{signature.h}",
        "{signature.0}",
        "{listed_headers.h}",
        "{body|crc32}",
        "{body|sha256_base64}",
        ".",
        ":",
    ]);
    (
        prop::sample::select(vec!["sha1", "sha256", "sha512"]),
        prop::sample::select(vec!["utf8", "hex", "base64"]),
        prop::collection::vec(part, 1..5),
        place(),
        prop::option::of(prop::sample::select(vec![",", ";", " "])),
        prop::option::of(prop::sample::select(vec!["=", ":"])),
        prop::sample::select(vec!["hex", "base64", "base64url"]),
        prop::option::of((place(), prop::sample::select(vec!["s", "ms", "rfc3339"]))),
    )
        .prop_map(|(hash, key, text, from, split, pair, encoding, time)| {
            let text = text.concat();
            let split = split.map_or(String::new(), |split| format!(r#"split: "{split}", "#));
            let pair =
                pair.map_or(String::new(), |pair| format!(r#"pair: "{pair}", take: [v, v1], "#));
            let id = if text.contains("{id}") { "id: [/id, header.i], " } else { "" };
            let time = match time.filter(|_| text.contains("{timestamp}")) {
                Some((from, unit)) => {
                    format!("timestamp: {{ from: {from}, unit: {unit}, max_age: 36525d }}, ")
                }
                None => String::new(),
            };
            format!(
                r#"hmac: {{ hash: {hash}, secrets: [s], key: {{ encoding: {key} }}, text: "{text}", {id}{time}
                   signature: {{ from: {from}, {split}{pair}encoding: {encoding} }} }}"#
            )
        })
}

proptest! {
    #[test]
    fn whatever_a_source_checks_nobody_gets_in_without_the_secret(
        check in check(),
        headers in prop::collection::vec(
            (prop::sample::select(vec!["h", "x-1", "i"]), value()), 0..5,
        ),
        query in "(t=[-a-f0-9v=.:TZ]{0,30}&?){0,2}",
        body in body(),
        form in any::<bool>(),
    ) {
        let text = format!(
            "source: test\nwebhook:\n  public_url: https://hooks.example.com/test\n  verify:\n    - {check}\n"
        );
        // Some say too little, and do not load.
        let loaded = mef_source::load(&text, &|_| Err("no files".to_owned()));
        prop_assume!(loaded.is_ok());
        let webhook = loaded.unwrap().source.webhook.unwrap();
        let kind = form.then(|| ("content-type", FORM.as_bytes().to_vec()));
        let headers = headers.into_iter().chain(kind);
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).collect();
        let request = Request::new("POST", "/test", query, headers, body);
        let live = secrets(&[("s", "00a1")]);
        let denied = verify(&webhook, request.clone(), &live, now()).unwrap_err();
        let (explained, checks) = verify_explained(&webhook, request.clone(), &live, now());
        prop_assert_eq!(explained.unwrap_err(), denied.clone());
        prop_assert_eq!(&checks[0].denied, &Some(denied));
        without_credentials(&webhook, &request);
    }
}
