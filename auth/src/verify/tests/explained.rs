//! Explanations: what they say, and that they change nothing in the judgement.

use super::samples::samples;
use super::*;
use crate::verify::{Explained, verify_explained};

fn explained(post: &Post, checks: &str, pairs: &[(&str, &str)], at: i64) -> Vec<Explained> {
    let now = Timestamp::from_second(at).unwrap();
    let live = secrets(pairs);
    let plain = verify(&webhook(checks), post.request(), &live, now);
    let (told, checks) = verify_explained(&webhook(checks), post.request(), &live, now);
    assert_eq!(told.map(|v| v.passed().to_vec()), plain.map(|v| v.passed().to_vec()));
    checks
}

/// Everything that is shown of a check except the signed text.
fn shown(checks: &[Explained]) -> String {
    let quiet = checks.iter().map(|check| Explained { signed_texts: Vec::new(), ..check.clone() });
    format!("{:?}", quiet.collect::<Vec<_>>())
}

#[test]
fn a_genuine_request_is_told_whole_and_no_credential_with_it() {
    for sample in samples() {
        let checks = explained(&sample.post, &sample.checks, &sample.secrets, sample.now);
        let [check] = checks.as_slice() else { panic!("{}: one check", sample.vendor) };
        assert_eq!(check.denied, None, "{}", sample.vendor);
        assert!(check.tried.iter().any(|tried| tried.matched), "{}", sample.vendor);
        assert!(
            check
                .noticed
                .iter()
                .all(|noticed| noticed.found != "nothing" || check.noticed.len() > 1)
        );
        let shown = shown(&checks);
        for (_, secret) in &sample.secrets {
            assert!(!shown.contains(secret), "{}: {shown}", sample.vendor);
        }
        // Every long value here is a signature, except times and ids.
        for (_, value) in &sample.post.headers {
            let text = String::from_utf8_lossy(value);
            let long = text.split([',', '=', ' ', ';']).filter(|piece| piece.len() > 36);
            for piece in long {
                assert!(!shown.contains(piece), "{}: {piece} in {shown}", sample.vendor);
            }
        }
    }
}

#[test]
fn the_signed_text_is_that_which_was_signed() {
    let checks = r#"hmac: { hash: sha256, secrets: [a, b], text: "{id}.{timestamp}.{body}",
        id: header.i, timestamp: { from: header.t, unit: s, max_age: 5s },
        signature: { from: header.x, encoding: hex } }"#;
    let signature = sha256_hex("kb", b"m.1700000000.\xff\n");
    let post = Post::new(&[("x", &signature), ("t", "1700000000"), ("i", "m")], b"\xff\n");
    let pairs = [("a", "ka"), ("b", "kb")];
    let told = explained(&post, checks, &pairs, NOW);
    assert_eq!(told[0].signed_texts, [b"m.1700000000.\xff\n"]);
    let tried: Vec<_> = told[0].tried.iter().map(|t| (t.secret.as_str(), t.matched)).collect();
    assert_eq!(tried, [("a", false), ("b", true)]);
    // Too old: it never got to the text, but what was there is still told.
    let told = explained(&post, checks, &pairs, NOW + 6);
    assert!(told[0].signed_texts.is_empty() && told[0].tried.is_empty());
    assert!(matches!(told[0].denied, Some(Denied::TimestampTooOld { .. })));
    let found: Vec<_> =
        told[0].noticed.iter().map(|seen| (seen.what, seen.found.as_str())).collect();
    assert_eq!(
        found,
        [
            ("signature", "64 characters, hexadecimal of 32 bytes"),
            ("timestamp", "`1700000000`, which is 2023-11-14T22:13:20Z, 6 s before"),
            ("id", "`m`"),
        ]
    );
}

#[test]
fn a_check_after_the_one_that_failed_is_told_too() {
    let checks = r"token: { from: header.a, secrets: [a] }
    - token: { from: header.b, secrets: [b] }";
    let post = Post::new(&[("b", "second")], "");
    let told = explained(&post, checks, &[("a", "first"), ("b", "second")], NOW);
    let [first, second] = told.as_slice() else { panic!("two checks: {told:?}") };
    assert!(matches!(first.denied, Some(Denied::Missing(_))));
    assert_eq!((first.noticed[0].found.as_str(), first.tried.len()), ("nothing", 0));
    assert_eq!(second.denied, None);
}

#[test]
fn alternatives_are_told_one_by_one_inside_the_check_that_lists_them() {
    let checks =
        r"any: [ { token: { from: header.a, secrets: [a] } }, { basic: { secrets: [b] } } ]";
    let post = Post::new(&[("a", "fir5t"), ("authorization", "Basic dTpwdw==")], "");
    let told = explained(&post, checks, &[("a", "first"), ("b", "u:pw")], NOW);
    let [any] = told.as_slice() else { panic!("one check: {told:?}") };
    assert_eq!((any.check, &any.denied), ("any", &None));
    let [token, basic] = any.inner.as_slice() else { panic!("two alternatives: {any:?}") };
    assert!(matches!(token.denied, Some(Denied::TokenMismatch { .. })) && !token.tried[0].matched);
    assert!(basic.denied.is_none() && basic.tried[0].matched);
}
