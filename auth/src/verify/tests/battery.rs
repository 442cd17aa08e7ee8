//! Requests that must be denied, for every vendor layout.

use super::samples::{Sample, samples};
use super::*;

impl Sample {
    fn judge(
        &self,
        post: &Post,
        secrets: &[(&str, &str)],
        now_ms: i64,
    ) -> Result<Verified, Denied> {
        let secrets: LiveSecrets =
            secrets.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
        let now = Timestamp::from_millisecond(now_ms).unwrap();
        verify(&webhook(&self.checks), post.request(), &secrets, now)
    }

    fn accepts(&self, post: &Post) -> bool {
        self.judge(post, &self.secrets, self.now * 1000).is_ok()
    }

    fn refuse(&self, what: &str, change: impl Fn(&mut Post)) {
        let mut post = self.post.clone();
        change(&mut post);
        assert!(!self.accepts(&post), "{} accepts {what}", self.vendor);
    }
}

#[test]
fn a_vendors_request_passes_and_names_the_secret() {
    for sample in samples() {
        let verified = sample
            .judge(&sample.post, &sample.secrets, sample.now * 1000)
            .unwrap_or_else(|denied| panic!("{}: {denied}", sample.vendor));
        assert_eq!(verified.passed().len(), 1);
        assert_eq!(verified.passed()[0].secret.as_deref(), Some("s"), "{}", sample.vendor);
        assert_eq!(verified.passed()[0].check, sample.kind);
    }
}

#[test]
fn a_wrong_absent_or_empty_secret_denies() {
    for sample in samples() {
        let with = |value: Option<&'static str>| {
            let mut secrets = sample.secrets.clone();
            secrets.retain(|(name, _)| *name != "s");
            secrets.extend(value.map(|value| ("s", value)));
            sample.judge(&sample.post, &secrets, sample.now * 1000)
        };
        let vendor = sample.vendor;
        let wrong = with(Some(sample.wrong));
        assert!(matches!(wrong, Err(Denied::SignatureMismatch { .. })), "{vendor}: {wrong:?}");
        assert_eq!(with(None).unwrap_err(), Denied::SecretMissing("s".to_owned()));
        assert_eq!(with(Some("")).unwrap_err(), Denied::SecretEmpty("s".to_owned()));
    }
}

#[test]
fn a_changed_body_denies() {
    for sample in samples().iter().filter(|sample| sample.signs_body) {
        for at in 0..sample.post.body.len() {
            sample.refuse("a changed byte", |post| post.body[at] ^= 1);
        }
        sample.refuse("a newline after the body", |post| post.body.push(b'\n'));
        sample.refuse("a space before the body", |post| post.body.insert(0, b' '));
        sample.refuse("a BOM", |post| drop(post.body.splice(0..0, *b"\xef\xbb\xbf")));
        sample.refuse("an empty body", |post| post.body.clear());
    }
}

#[test]
fn a_missing_or_broken_header_denies() {
    for sample in samples() {
        for index in 0..sample.post.headers.len() {
            let name = sample.post.headers[index].0.clone();
            let refuse = |what: &str, change: &dyn Fn(&mut Vec<u8>)| {
                let what = format!("{what} in {name}");
                sample.refuse(&what, |post| change(&mut post.headers[index].1));
            };
            sample.refuse(&format!("no {name}"), |post| drop(post.headers.remove(index)));
            refuse("nothing", &Vec::clear);
            refuse("a space", &|value| *value = b" ".to_vec());
            refuse("garbage", &|value| *value = b"=,;=%zz\x01".to_vec());
            refuse("bytes that are no text", &|value| *value = vec![0xff, 0xfe]);
            refuse("a cut value", &|value| value.truncate(value.len() / 2));
            // Two characters, since the last one alone may be only padding.
            refuse("a value without its end", &|value| value.truncate(value.len() - 2));
            refuse("extra bytes", &|value| value.extend_from_slice(b"00"));
            refuse("an extra letter", &|value| value.push(b'x'));
        }
    }
}

#[test]
fn two_lines_of_a_header_deny_unless_it_is_a_list() {
    for sample in samples() {
        for index in 0..sample.post.headers.len() {
            let mut post = sample.post.clone();
            post.headers.push(post.headers[index].clone());
            let is_list = sample.lists.contains(&post.headers[index].0.as_str());
            assert_eq!(sample.accepts(&post), is_list, "{} {}", sample.vendor, index);
            if !is_list {
                let denied = sample.judge(&post, &sample.secrets, sample.now * 1000).unwrap_err();
                assert!(matches!(denied, Denied::Duplicated(_)), "{denied}");
            }
        }
    }
}

#[test]
fn the_window_is_closed_on_both_sides_and_its_edges_count() {
    for sample in samples() {
        let Some((age, future)) = sample.window else { continue };
        let at =
            |shift: i64| sample.judge(&sample.post, &sample.secrets, sample.now * 1000 + shift);
        assert!(at(age).is_ok() && at(-future).is_ok(), "{}", sample.vendor);
        let late = at(age + 1).unwrap_err();
        assert!(matches!(late, Denied::TimestampTooOld { .. }), "{}: {late}", sample.vendor);
        let early = at(-future - 1).unwrap_err();
        assert!(matches!(early, Denied::TimestampInFuture { .. }), "{}: {early}", sample.vendor);
    }
}

const SIMPLE: &str = r#"hmac: { hash: sha256, secrets: [s], text: "{body}",
    signature: { from: header.x-sig, encoding: hex } }"#;

#[test]
fn bodies_are_bytes() {
    for body in [&b""[..], b"\xff\x00\xfe", b"\r\n", "ä".as_bytes()] {
        let post = Post::new(&[("x-sig", &sha256_hex("k", body))], body);
        let verified = post.verify(SIMPLE, &[("s", "k")]).unwrap();
        assert_eq!(verified.body().as_ref(), body);
    }
}

#[test]
fn a_retired_secret_counts_until_its_moment_and_need_not_be_there_after() {
    let retiring = |moment: &str| {
        format!(
            r#"hmac: {{ hash: sha256, secrets: [new, {{ name: old, not_after: "{moment}" }}], text: "{{body}}",
                 signature: {{ from: header.x-sig, encoding: hex }} }}"#
        )
    };
    let post = Post::new(&[("x-sig", &sha256_hex("old key", "b"))], "b");
    let both = [("new", "new key"), ("old", "old key")];
    let verified = post.verify(&retiring("2023-11-14T22:13:20Z"), &both).unwrap();
    assert_eq!(verified.passed()[0].secret.as_deref(), Some("old"));
    let past = retiring("2023-11-14T22:13:19.999Z");
    assert_eq!(
        post.verify(&past, &both[..1]).unwrap_err(),
        Denied::SignatureMismatch {
            part: super::super::RequestPart::Header("x-sig".to_owned()),
            secrets: vec!["new".to_owned()]
        }
    );
    let only = past.replace("[new, ", "[");
    assert!(matches!(post.verify(&only, &both), Err(Denied::NoLiveSecret(_))));
}

#[test]
fn a_second_secret_that_is_missing_denies_what_the_first_signed() {
    let checks = SIMPLE.replace("[s]", "[s, t]");
    let post = Post::new(&[("x-sig", &sha256_hex("k", "b"))], "b");
    assert!(post.verify(&checks, &[("s", "k"), ("t", "u")]).is_ok());
    let denied = post.verify(&checks, &[("s", "k")]).unwrap_err();
    assert_eq!(denied, Denied::SecretMissing("t".to_owned()));
}

#[test]
fn keys_are_decoded_strictly() {
    let with = |encoding: &str, secret: &str| {
        let key = format!("key: {{ encoding: {encoding}, strip_prefix: p_ }}, text");
        let checks = SIMPLE.replace("text", &key);
        let signed = Post::new(
            &[("x-sig", &hex::encode(mac(lc_hmac::HMAC_SHA256, &[0, 0x10, 0x83, 0x10], b"b")))],
            "b",
        );
        signed.verify(&checks, &[("s", secret)])
    };
    for (encoding, secret) in [
        ("base64", "ABCDEA=="),
        ("base64", "p_ABCDEA=="),
        ("base64", "p_ABCDEA"),
        ("hex", "00108310"),
        ("hex", "p_00108310"),
    ] {
        assert!(with(encoding, secret).is_ok(), "{encoding} {secret}");
    }
    for (encoding, secret) in
        [("base64", "ABCDEB=="), ("base64", "ABC-_A"), ("base64", "ABCDEA==\n"), ("hex", "0010831")]
    {
        let denied = with(encoding, secret).unwrap_err();
        assert!(matches!(denied, Denied::KeyMalformed { .. }), "{encoding} {secret}");
        assert!(!denied.to_string().contains(secret.trim()), "{denied}");
    }
    assert!(matches!(with("utf8", "p_"), Err(Denied::SecretEmpty(_))));
    assert!(matches!(with("utf8", "other"), Err(Denied::SignatureMismatch { .. })));
}

#[test]
fn what_separates_the_parts_cannot_move() {
    let checks = r#"hmac: { hash: sha256, secrets: [s], text: "{id}.{timestamp}.{body}",
        signature: { from: header.x-sig, encoding: hex },
        timestamp: { from: header.x-time, unit: s, max_age: 300s }, id: header.x-id }"#;
    let body = format!("{NOW}.body");
    let sig = sha256_hex("k", format!("msg.{NOW}.{body}"));
    let with = |id: &str, time: &str, body: &str| {
        let headers = [("x-sig", sig.as_str()), ("x-id", id), ("x-time", time)];
        Post::new(&headers, body).verify(checks, &[("s", "k")])
    };
    let time = NOW.to_string();
    assert!(with("msg", &time, &body).is_ok());
    // The same signed bytes, cut elsewhere.
    let moved = with(&format!("msg.{NOW}"), &time, "body").unwrap_err();
    assert!(matches!(moved, Denied::AmbiguousId(_)), "{moved}");
    let moved = with("msg", &format!("{NOW}.{NOW}"), "body").unwrap_err();
    assert!(matches!(moved, Denied::TimestampMalformed { .. }), "{moved}");
    assert!(matches!(with("", &time, &body), Err(Denied::Missing(_))));
}

#[test]
fn candidates_are_few_and_only_those_under_their_keys() {
    let listed = r#"hmac: { hash: sha256, secrets: [s], text: "{body}",
        signature: { from: [header.x-sig, query.sig], split: ",", pair: "=", take: [v1], encoding: hex } }"#;
    let good = sha256_hex("k", "b");
    let judge = |value: &str| Post::new(&[("x-sig", value)], "b").verify(listed, &[("s", "k")]);
    let many = |n: usize| format!("{}v1={good}", "v0=00,".repeat(n - 1));
    assert!(judge(&many(128)).is_ok());
    assert!(matches!(judge(&many(129)), Err(Denied::TooManySignatures { limit: 128, .. })));
    assert!(judge(&format!("v1=zz, v1={good} ,")).is_ok());
    assert!(judge(&format!("v1 ={good}")).is_ok());
    for (wrong, is_right) in [
        (
            format!("v2={good}"),
            (|d| matches!(d, Denied::NoCandidate { .. })) as fn(&Denied) -> bool,
        ),
        (good.clone(), |d| matches!(d, Denied::NoCandidate { .. })),
        (format!("v2=00,{good}"), |d| matches!(d, Denied::NoCandidate { .. })),
        ("v1=,v1= ,".to_owned(), |d| matches!(d, Denied::NoCandidate { .. })),
        (format!("v1={}", good.replace('a', "g")), |d| {
            matches!(d, Denied::MalformedSignature { .. })
        }),
        (format!("V1={good}"), |d| matches!(d, Denied::NoCandidate { .. })),
        (format!("v1={good}00"), |d| matches!(d, Denied::SignatureMismatch { .. })),
    ] {
        let denied = judge(&wrong).unwrap_err();
        assert!(is_right(&denied), "{wrong}: {denied}");
        assert!(!denied.to_string().contains(&good[..8]), "{denied}");
    }
    // The other place may hold it, but not twice.
    let mut post = Post::new(&[("x-sig", "v1=00")], "b");
    post.query = format!("sig=v1={good}");
    assert!(post.verify(listed, &[("s", "k")]).is_ok());
    post.query = format!("sig=v1={good}&sig=v1={good}");
    assert!(matches!(post.verify(listed, &[("s", "k")]), Err(Denied::Duplicated(_))));
}

#[test]
fn every_check_must_pass() {
    let checks = format!(
        "{SIMPLE}\n    - token: {{ from: header.authorization, prefix: \"Bearer \", secrets: [t] }}"
    );
    let sig = sha256_hex("k", "b");
    let both = [("s", "k"), ("t", "token")];
    let with = |sig: &str, token: &str| {
        Post::new(&[("x-sig", sig), ("authorization", token)], "b").verify(&checks, &both)
    };
    let passed = with(&sig, "Bearer token").unwrap().passed().to_vec();
    assert_eq!(passed.iter().map(|p| p.check).collect::<Vec<_>>(), ["hmac", "token"]);
    assert!(matches!(with(&sig, "Bearer other"), Err(Denied::TokenMismatch { .. })));
    assert!(matches!(with("00", "Bearer token"), Err(Denied::SignatureMismatch { .. })));
}

#[test]
fn a_source_without_checks_is_open_only_when_it_says_so() {
    let text = "source: test\nwebhook: { unauthenticated: \"a test\" }";
    let open = mef_source::load(text, &|_| Err(String::new())).unwrap().source.webhook.unwrap();
    let request = Post::new(&[("authorization", "x")], "b").request();
    let verified = verify(&open, request.clone(), &LiveSecrets::default(), now()).unwrap();
    assert!(verified.passed().is_empty());
    let mut broken = open;
    broken.verify = mef_source::checked::Verify::All(Vec::new());
    let denied = verify(&broken, request, &LiveSecrets::default(), now()).unwrap_err();
    assert_eq!(denied, Denied::NoCheck);
}

#[test]
fn the_url_is_the_sources_own_and_never_the_requests() {
    let mut webhook = webhook(&SIMPLE.replace("{body}", "{url}"));
    let signed = sha256_hex("k", "https://hooks.example.com/test");
    let post = Post::new(&[("x-sig", &signed), ("host", "evil.example.com")], "");
    let judge = |webhook: &Webhook| verify(webhook, post.request(), &secrets(&[("s", "k")]), now());
    assert!(judge(&webhook).is_ok());
    webhook.public_url = None;
    assert_eq!(judge(&webhook).unwrap_err(), Denied::NoPublicUrl);
}
