//! Nothing of a credential is left after verification, and everything else is.

use proptest::prelude::*;
use serde_json::Value;

use super::samples::samples;
use super::*;

#[test]
fn headers_and_parameters_that_were_read_are_masked_and_others_are_not() {
    let checks = r#"token: { from: query.t, secrets: [s] }
    - token: { from: header.X-Token, secrets: [s] }"#;
    let mut post =
        Post::new(&[("x-token", "token"), ("x-event", "token"), ("x-twice", "1")], "token");
    post.headers.push(("x-twice".into(), b"2".to_vec()));
    post.headers.push(("x-same".into(), b"1".to_vec()));
    post.headers.push(("X-Same".into(), b"1".to_vec()));
    post.headers.push(("x-bytes".into(), vec![0xff]));
    post.query = "a=t&%74=token&b=%2F+&c=1&c=2&d=1&d=1&e=%ff".to_owned();
    let verified = post.verify(checks, &[("s", "token")]).unwrap();
    assert_eq!((verified.method(), verified.path()), ("POST", "/test"));
    assert_eq!(verified.header("X-Token"), Some("***"));
    assert_eq!(verified.header("x-event"), Some("token"));
    assert_eq!(verified.header("x-twice"), None);
    assert_eq!(verified.header("x-same"), Some("1"));
    assert_eq!(verified.header("x-bytes"), None);
    assert_eq!(verified.header_values("x-twice").collect::<Vec<_>>(), [b"1", b"2"]);
    let query = |name: &str| verified.query(name);
    assert_eq!(query("t").as_deref(), Some("***"));
    assert_eq!(query("a").as_deref(), Some("t"));
    assert_eq!(query("b").as_deref(), Some("/ "));
    assert_eq!((query("c"), query("d").as_deref(), query("e")), (None, Some("1"), None));
    assert_eq!(verified.body().as_ref(), b"token");
}

#[test]
fn no_signature_is_left_in_any_layout_and_nothing_shows_in_debug() {
    for sample in samples() {
        let live = secrets(&sample.secrets);
        let at = Timestamp::from_second(sample.now).unwrap();
        let webhook = webhook(&sample.checks);
        let request = sample.post.request();
        let shown = format!("{request:?} {live:?}");
        let verified = verify(&webhook, request, &live, at).unwrap();
        let shown = format!("{shown} {verified:?}");
        for (_, secret) in &sample.secrets {
            assert!(!shown.contains(secret), "{shown}");
        }
        for (name, value) in &sample.post.headers {
            assert!(!shown.contains(std::str::from_utf8(value).unwrap()) || value.len() < 3);
            if name.to_lowercase().contains("sig") {
                assert_eq!(verified.header(name), Some("***"), "{} {name}", sample.vendor);
            } else {
                assert_eq!(verified.header(name).unwrap().as_bytes(), value);
            }
        }
        // The digest is of the body as it came, not as it was masked.
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &sample.post.body);
        assert_eq!(verified.body_sha256_hex(), hex::encode(digest));
    }
}

#[test]
fn a_signature_in_the_body_is_masked_where_it_stands() {
    let sample = samples().into_iter().find(|sample| sample.vendor == "Mailgun").unwrap();
    let verified = sample.post.verify(&sample.checks, &sample.secrets).unwrap();
    let body = std::str::from_utf8(verified.body()).unwrap();
    assert_eq!(
        body,
        format!(
            r#"{{ "signature": {{"timestamp":"{NOW}","token":"f1e2d3","signature":"***"}},"event-data":{{"id":"x"}}}}"#
        )
    );
}

#[test]
fn a_token_of_json_that_comes_under_the_type_of_a_form_is_masked() {
    let checks = r#"any: [ { token: { from: form.token, secrets: [s] } }, { token: { from: /token, secrets: [s] } } ]"#;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for (body, masked) in [
        (r#"{"token":"token","text":"x"}"#, r#"{"token":"***","text":"x"}"#),
        ("token=token&text=x", "token=***&text=x"),
    ] {
        let verified = Post::new(&form, body).verify(checks, &[("s", "token")]).unwrap();
        assert_eq!(std::str::from_utf8(verified.body()).unwrap(), masked);
    }
}

#[test]
fn spaces_escapes_and_repeats_elsewhere_survive() {
    let body = "\n{ \"keep\" : 1.50e3 ,\"value\":[ {\"st\\u0061te\" :\t\"t\\u006fken\" , \"keep\":\"token\"},\r\n{\"state\":\"token\"} ] }\n";
    let checks = r#"token: { from: "/value/*/state", secrets: [s] }
    - token: { from: /value/0/state, secrets: [s] }"#;
    let verified = Post::new(&[], body).verify(checks, &[("s", "token")]).unwrap();
    let expected = body
        .replace("\"t\\u006fken\"", "\"***\"")
        .replace("\"state\":\"token\"", "\"state\":\"***\"");
    assert_eq!(std::str::from_utf8(verified.body()).unwrap(), expected);
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~ä\"\\\\]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-z\"é]{1,6}", inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_other_byte_of_any_document_stays(
        before in json(),
        after in json(),
        elements in prop::collection::vec(json(), 1..4),
        pretty in any::<bool>(),
        token in "[!-~ä\"\\\\/]{1,20}",
    ) {
        // The mark is found by text, so that the test does not use the code
        // that it tests.
        let mark = "@MARK@";
        let elements: Vec<_> = elements
            .into_iter()
            .map(|other| serde_json::json!({"a": other.clone(), "token": mark, "z": other}))
            .collect();
        let document = serde_json::json!({"before": before, "list": elements, "after": after});
        let text = match pretty {
            true => serde_json::to_string_pretty(&document).unwrap(),
            false => document.to_string(),
        };
        prop_assume!(text.matches(mark).count() == elements.len());
        let mark = format!("\"{mark}\"");
        let body = text.replace(&mark, &Value::from(token.as_str()).to_string());
        let checks = r#"token: { from: "/list/*/token", secrets: [s] }"#;
        let verified = Post::new(&[], body).verify(checks, &[("s", &token)]).unwrap();
        prop_assert_eq!(
            std::str::from_utf8(verified.body()).unwrap(),
            text.replace(&mark, "\"***\"")
        );
    }
}
