//! Texts that must not be read as times.

use super::*;

fn slack(time: &str) -> Result<Verified, Denied> {
    let checks = r#"hmac: { hash: sha256, secrets: [s], text: "v0:{timestamp}:{body}",
        signature: { from: header.x-sig, encoding: hex },
        timestamp: { from: header.x-time, unit: s, max_age: 300s } }"#;
    let sig = sha256_hex("k", format!("v0:{time}:b"));
    Post::new(&[("x-sig", &sig), ("x-time", time)], "b").verify(checks, &[("s", "k")])
}

#[test]
fn whatever_is_no_plain_number_denies_though_it_is_signed() {
    assert!(slack(&NOW.to_string()).is_ok());
    for time in [
        "",
        " ",
        "soon",
        "-1700000000",
        "+1700000000",
        "01700000000",
        "1700000000.0",
        "1.7e9",
        "0x6553f100",
        " 1700000000",
        "1700000000 ",
        "1700000000,1700000000",
        "99999999999999999",
        "18446744073709551617",
        "2023-11-14T22:13:20Z",
        "NaN",
        "Infinity",
    ] {
        let denied = slack(time).unwrap_err();
        assert!(matches!(denied, Denied::TimestampMalformed { .. }), "{time:?}: {denied}");
    }
    // The largest number that can be written is refused, and nothing overflows.
    let denied = slack("9999999999999999").unwrap_err();
    assert!(matches!(denied, Denied::TimestampInFuture { .. }), "{denied}");
    assert!(matches!(slack("0"), Err(Denied::TimestampTooOld { .. })));
}

#[test]
fn two_times_in_a_signature_must_be_the_same() {
    let checks = r#"hmac: { hash: sha256, secrets: [s], text: "{timestamp}.{body}",
        signature: { from: header.x-sig, split: ",", pair: "=", take: [v1], encoding: hex },
        timestamp: { from: signature.t, unit: s, max_age: 300s } }"#;
    let sig = sha256_hex("k", format!("{NOW}.b"));
    let judge = |times: &str| {
        Post::new(&[("x-sig", &format!("{times}v1={sig}"))], "b").verify(checks, &[("s", "k")])
    };
    assert!(judge(&format!("t={NOW},")).is_ok());
    assert!(judge(&format!("t={NOW},t={NOW},")).is_ok());
    let old = NOW - 1;
    for two in [format!("t={NOW},t={old},"), format!("t={old},t={NOW},"), format!("t={NOW},t=,")] {
        let denied = judge(&two).unwrap_err();
        assert!(matches!(denied, Denied::TimestampContradictory(_)), "{two}: {denied}");
    }
    assert!(matches!(judge(""), Err(Denied::Missing(_))));
}

fn linear(body: &str) -> Result<Verified, Denied> {
    let checks = r#"hmac: { hash: sha256, secrets: [s], text: "{body}",
        signature: { from: header.x-sig, encoding: hex },
        timestamp: { from: /at, unit: s, max_age: 300s } }"#;
    Post::new(&[("x-sig", &sha256_hex("k", body))], body).verify(checks, &[("s", "k")])
}

#[test]
fn a_time_in_the_body_keeps_its_text_and_has_one_reading() {
    assert!(linear(&format!(r#"{{"at":{NOW}}}"#)).is_ok());
    assert!(linear(&format!(r#"{{"a\u0074":"{NOW}"}}"#)).is_ok());
    type Expected = fn(&Denied) -> bool;
    let malformed: Expected = |d| matches!(d, Denied::TimestampMalformed { .. });
    let missing: Expected = |d| matches!(d, Denied::Missing(_));
    let wrong_type: Expected = |d| matches!(d, Denied::WrongType(_));
    let not_json: Expected = |d| matches!(d, Denied::BodyNotJson(_));
    let cases: &[(String, Expected)] = &[
        (format!(r#"{{"at":{NOW}.0}}"#), malformed),
        (r#"{"at":17e8}"#.to_owned(), malformed),
        (r#"{"at":true}"#.to_owned(), malformed),
        (r#"{"at":null}"#.to_owned(), missing),
        (r#"{}"#.to_owned(), missing),
        ("[]".to_owned(), missing),
        ("1".to_owned(), missing),
        (format!(r#"{{"at":[{NOW}]}}"#), wrong_type),
        (format!(r#"{{"at":{NOW}}} {{}}"#), not_json),
        (format!(r#"{{"at":{NOW},}}"#), not_json),
        (String::new(), not_json),
        (format!(r#"{{"at":1,"at":{NOW}}}"#), |d| matches!(d, Denied::Duplicated(_))),
        (format!(r#"{{"at":{NOW},"\u0061t":{NOW}}}"#), |d| matches!(d, Denied::Duplicated(_))),
        (r#"{"at":"\ud800"}"#.to_owned(), |d| matches!(d, Denied::NotText(_))),
    ];
    for (body, is_right) in cases {
        let denied = linear(body).unwrap_err();
        assert!(is_right(&denied), "{body}: {denied}");
    }
    let invalid =
        [br#"{"x":""#.as_slice(), b"\xff", format!(r#"","at":{NOW}}}"#).as_bytes()].concat();
    let checks = r#"hmac: { hash: sha256, secrets: [s], text: "{body}",
        signature: { from: header.x-sig, encoding: hex },
        timestamp: { from: /at, unit: s, max_age: 300s } }"#;
    let post = Post::new(&[("x-sig", &sha256_hex("k", &invalid))], invalid);
    assert!(not_json(&post.verify(checks, &[("s", "k")]).unwrap_err()));
}
