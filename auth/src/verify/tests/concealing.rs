//! A denied request that is kept must hold nothing of what was sent as proof.

use super::samples::samples;
use super::*;
use crate::verify::without_credentials;

#[test]
fn no_signature_of_any_layout_is_left_and_the_times_are() {
    for sample in samples() {
        let webhook = webhook(&sample.checks);
        let request = sample.post.request();
        let concealed = without_credentials(&webhook, &request);
        let now = Timestamp::from_second(sample.now).unwrap();
        let denied = verify(&webhook, concealed.clone(), &secrets(&sample.secrets), now);
        assert!(denied.is_err(), "{}: a masked request is not authentic", sample.vendor);
        for ((name, before), (_, after)) in request.headers().iter().zip(concealed.headers()) {
            let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
            let long = before.split([',', '=', ' ', ';']).filter(|piece| piece.len() > 36);
            for piece in long {
                assert!(!after.contains(piece), "{}: {name}: {after}", sample.vendor);
            }
        }
    }
}

#[test]
fn keys_and_the_time_of_a_list_stay() {
    let webhook = webhook(
        r#"hmac: { hash: sha256, secrets: [s], text: "{timestamp}.{body}",
        signature: { from: header.x-sig, split: ",", pair: "=", take: [v1], encoding: hex },
        timestamp: { from: signature.t, unit: s, max_age: 5s } }"#,
    );
    let headers =
        [("x-sig", "t=17, v1=a1,v0=b2,c3"), ("Authorization", "Basic eDp5"), ("x-other", "kept")];
    let mut post = Post::new(&headers, "{\"a\":1}");
    post.query = "a=1&access_token=abc&%74oken=def".to_owned();
    let concealed = without_credentials(&webhook, &post.request());
    let values: Vec<_> =
        concealed.headers().iter().map(|(_, value)| String::from_utf8_lossy(value)).collect();
    assert_eq!(values, ["t=17, v1=***,v0=***,***", "***", "kept"]);
    assert_eq!(concealed.raw_query(), "a=1&access_token=***&%74oken=***");
    assert_eq!(concealed.body(), &post.body);
}

#[test]
fn a_token_of_a_form_that_is_not_said_to_be_one_goes_with_the_body() {
    let webhook = webhook("token: { from: form.token, secrets: [s] }");
    for (kind, body, kept) in [
        ("text/plain", &b"token=abc&x=1"[..], &b"***"[..]),
        ("application/x-www-form-urlencoded", b"token=abc&x=1", b"token=***&x=1"),
        ("application/x-www-form-urlencoded", b"token=abc&x=\xff", b"***"),
        ("application/json", b"{\"x\":1}", b"{\"x\":1}"),
    ] {
        let post = Post::new(&[("content-type", kind)], body);
        let concealed = without_credentials(&webhook, &post.request());
        assert_eq!(concealed.body(), kept, "{kind}");
    }
}

#[test]
fn what_a_handshake_takes_for_proof_goes_too() {
    let text = r#"{ source: x, webhook: { verify: [ { ip: { allow: [192.0.2.0/24] } } ], handshake: [
      { when: { method: POST, present: [header.x-a] }, auth: { token: { from: header.x-mine, secrets: [s] } }, respond: { empty: true } },
      { when: { method: POST, present: [header.x-b] }, auth: { token: { from: /v, secrets: [s] } }, respond: { empty: true } },
      { when: { method: POST, present: [header.x-hook] }, auth: none,
        respond: { builtin: stored_secret, header: x-hook, secret: s, enrol_until: "2026-01-01T00:00:00Z" } } ] } }"#;
    let source = mef_source::load(text, &|_| Err("none".to_owned())).unwrap().source;
    let post = Post::new(&[("x-mine", "m"), ("x-hook", "h"), ("x-b", "1")], r#"{"v":"p"}"#);
    let concealed = without_credentials(&source.webhook.unwrap(), &post.request());
    let values: Vec<_> =
        concealed.headers().iter().map(|(_, value)| String::from_utf8_lossy(value)).collect();
    assert_eq!(values, ["***", "***", "1"]);
    assert_eq!(concealed.body(), r#"{"v":"***"}"#);
}

#[test]
fn places_in_each_other_are_masked_once() {
    let webhook = webhook(
        "any: [ { token: { from: /a, secrets: [s] } }, { token: { from: /a/b, secrets: [s] } } ]",
    );
    let request = Post::new(&[], r#"{"a":{"b":"x"},"c":1}"#).request();
    let body = without_credentials(&webhook, &request).body().clone();
    assert_eq!(body, r#"{"a":"***","c":1}"#);
}

#[test]
fn a_credential_in_the_body_goes_alone_or_with_the_body() {
    let webhook = webhook(r#"token: { from: "/value/*/state", secrets: [s] }"#);
    let conceal = |body: &str| {
        let request = Post::new(&[], body).request();
        String::from_utf8(without_credentials(&webhook, &request).body().to_vec()).unwrap()
    };
    let body = r#"{"value": [{"state": "abc", "a": 1.50}, {"state": 7}]}"#;
    assert_eq!(conceal(body), r#"{"value": [{"state": "***", "a": 1.50}, {"state": "***"}]}"#);
    for unreadable in [r#"{"value": [{"state": "abc""#, r#"{"value":[],"value":[{"state":"abc"}]}"#]
    {
        assert_eq!(conceal(unreadable), "***", "{unreadable}");
    }
    assert_eq!(conceal(""), "");
}
