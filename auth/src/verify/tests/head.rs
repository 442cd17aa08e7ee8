//! The head alone: never stricter than the full check, and strict where it can be.

use super::samples::{Sample, samples};
use super::*;
use crate::verify::{verify_authorization, verify_head};

impl Post {
    pub(super) fn head(&self) -> Request {
        Post { body: Vec::new(), ..self.clone() }.request()
    }
}

impl Sample {
    /// Without a secret: no sample has a check that could use one here.
    fn head(&self, post: &Post, now_ms: i64) -> Result<(), Denied> {
        let now = Timestamp::from_millisecond(now_ms).unwrap();
        verify_head(&webhook(&self.checks), &post.head(), &LiveSecrets::default(), now)
    }
}

fn head(checks: &str, post: &Post, pairs: &[(&str, &str)]) -> Result<(), Denied> {
    verify_head(&webhook(checks), &post.head(), &secrets(pairs), now())
}

#[test]
fn what_the_whole_accepts_passes_without_its_body() {
    for sample in samples() {
        let now = sample.now * 1000;
        sample.head(&sample.post, now).unwrap_or_else(|d| panic!("{}: {d}", sample.vendor));
        let Some((age, future)) = sample.window else { continue };
        for edge in [now + age, now - future] {
            sample.head(&sample.post, edge).unwrap_or_else(|d| panic!("{}: {d}", sample.vendor));
        }
    }
}

#[test]
fn a_signature_header_must_be_there_and_be_one() {
    for sample in samples().iter().filter(|sample| sample.vendor != "Mailgun") {
        let is_signature = |name: &str| sample.checks.contains(&format!("from: header.{name}"));
        for index in 0..sample.post.headers.len() {
            let (name, _) = &sample.post.headers[index];
            if !is_signature(name) {
                continue;
            }
            let deny = |what: &str, change: &dyn Fn(&mut Post)| {
                let mut post = sample.post.clone();
                change(&mut post);
                let passed = sample.head(&post, sample.now * 1000).is_ok();
                assert!(!passed, "{}: {what} in {name} passes", sample.vendor);
            };
            deny("nothing", &|post| drop(post.headers.remove(index)));
            deny("an empty value", &|post| post.headers[index].1.clear());
            deny("bytes that are no text", &|post| post.headers[index].1 = vec![0xff]);
        }
    }
}

#[test]
fn a_time_in_the_head_is_judged_and_one_in_the_body_is_not() {
    let mut judged = 0;
    for sample in samples() {
        let Some((age, future)) = sample.window else { continue };
        let now = sample.now * 1000;
        let in_body = sample.checks.contains("timestamp: { from: /");
        let late = sample.head(&sample.post, now + age + 1_000);
        let early = sample.head(&sample.post, now - future - 1_000);
        if in_body {
            assert_eq!((late, early), (Ok(()), Ok(())), "{}", sample.vendor);
        } else {
            assert!(matches!(late, Err(Denied::TimestampTooOld { .. })), "{}", sample.vendor);
            assert!(matches!(early, Err(Denied::TimestampInFuture { .. })), "{}", sample.vendor);
            judged += 1;
        }
    }
    assert!(judged > 2, "the samples have too few times in their heads");
}

#[test]
fn a_time_beside_a_signature_in_the_body_is_judged() {
    let checks = r#"hmac: { hash: sha256, secrets: [s], text: "{timestamp}{body}",
        signature: { from: [header.x-sig, /sig], encoding: hex },
        timestamp: { from: header.x-time, unit: s, max_age: 60s } }"#;
    let at = |time: i64| head(checks, &Post::new(&[("x-time", &time.to_string())], ""), &[]);
    assert_eq!(at(NOW), Ok(()));
    assert!(matches!(at(NOW - 61), Err(Denied::TimestampTooOld { .. })));
    let in_signature = r#"hmac: { hash: sha256, secrets: [s], text: "{timestamp}{/id}",
        signature: { from: /sig, split: ",", pair: "=", take: [v1], encoding: hex },
        timestamp: { from: signature.t, unit: s, max_age: 60s } }"#;
    assert_eq!(head(in_signature, &Post::new(&[], ""), &[]), Ok(()));
}

#[test]
fn a_check_without_a_body_is_done_in_full() {
    let signed = r#"hmac: { hash: sha256, secrets: [s], text: "{method}{query.q}",
        signature: { from: header.x-sig, encoding: hex } }"#;
    let token = "token: { from: header.x-token, secrets: [s] }";
    let sig = sha256_hex("k", "POST1");
    let post = |sig: &str, token: &str| Post {
        query: "q=1".to_owned(),
        ..Post::new(&[("x-sig", sig), ("x-token", token)], "")
    };
    assert_eq!(head(signed, &post(&sig, ""), &[("s", "k")]), Ok(()));
    let forged = head(signed, &post(&sig.replace(['0', '1'], "2"), ""), &[("s", "k")]);
    assert!(matches!(forged, Err(Denied::SignatureMismatch { .. })));
    assert_eq!(head(token, &post("", "k"), &[("s", "k")]), Ok(()));
    assert!(matches!(
        head(token, &post("", "x"), &[("s", "k")]),
        Err(Denied::TokenMismatch { .. })
    ));
    assert_eq!(head(token, &post("", "k"), &[]), Err(Denied::SecretMissing("s".to_owned())));
}

#[test]
fn every_check_is_judged_and_no_check_at_all_denies() {
    let both = "token: { from: header.x-token, secrets: [s] }\n    - hmac: { hash: sha256, secrets: [s], text: \"{body}\", signature: { from: header.x-sig, encoding: hex } }";
    let pairs = &[("s", "k")];
    assert_eq!(head(both, &Post::new(&[("x-token", "k"), ("x-sig", "00")], ""), pairs), Ok(()));
    for missing in [[("x-token", "k")], [("x-sig", "00")]] {
        let denied = head(both, &Post::new(&missing, ""), pairs);
        assert!(matches!(denied, Err(Denied::Missing(_))), "{missing:?}");
    }
    let mut webhook = webhook(both);
    webhook.verify = mef_source::checked::Verify::All(Vec::new());
    let request = Post::new(&[], "").head();
    let denied = verify_head(&webhook, &request, &secrets(pairs), now());
    assert_eq!(denied, Err(Denied::NoCheck));
    let denied = verify_authorization(&webhook, "k", &secrets(pairs), now());
    assert_eq!(denied, Err(Denied::NoCheck));
}

#[test]
fn a_token_in_the_body_is_left_to_the_whole() {
    let body = r#"token: { from: "/value/*/state", secrets: [s] }"#;
    assert_eq!(head(body, &Post::new(&[], ""), &[]), Ok(()));
}

#[test]
fn authorization_alone_is_judged_by_the_tokens_that_are_read_from_it() {
    let judge = |checks: &str, authorization: &str| {
        verify_authorization(&webhook(checks), authorization, &secrets(&[("s", "k")]), now())
    };
    let bearer = r#"token: { from: header.Authorization, prefix: "Bearer ", secrets: [s] }"#;
    assert_eq!(judge(bearer, "Bearer k"), Ok(()));
    assert!(matches!(judge(bearer, "Bearer x"), Err(Denied::TokenMismatch { .. })));
    assert!(matches!(judge(bearer, "k"), Err(Denied::TokenPrefix { .. })));
    // Nobody knows yet what the other header holds.
    let elsewhere = "token: { from: header.x-token, secrets: [s] }";
    assert_eq!(judge(elsewhere, "anything"), Ok(()));
    let second = format!("{elsewhere}\n    - {bearer}");
    assert!(matches!(judge(&second, "Bearer x"), Err(Denied::TokenMismatch { .. })));
}
