//! Passwords, addresses and digests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

fn basic(checks: &str, sent: &str) -> Result<Verified, Denied> {
    let post = Post::new(&[("Authorization", sent)], "");
    post.verify(checks, &[("new", "p:w é"), ("old", "hunter2")])
}

fn encoded(credentials: impl AsRef<[u8]>) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

#[test]
fn a_user_and_password_are_compared_whole() {
    let checks = "basic: { username: ann, secrets: [new, old] }";
    for (sent, secret) in [("ann:p:w é", "new"), ("ann:hunter2", "old")] {
        let verified = basic(checks, &encoded(sent)).unwrap();
        assert_eq!(verified.passed()[0].secret.as_deref(), Some(secret));
        assert_eq!(verified.header("authorization"), Some("***"));
    }
    let plain = STANDARD.encode("ann:hunter2");
    assert!(basic(checks, &format!("basic  {plain}")).is_ok());
    assert!(basic(checks, &format!("BASIC {}", plain.trim_end_matches('='))).is_ok());
    for wrong in [
        "ann:",
        "ann:hunter",
        "ann:hunter22",
        "Ann:hunter2",
        "bob:hunter2",
        ":hunter2",
        "ann:hunter2\n",
    ] {
        let denied = basic(checks, &encoded(wrong)).unwrap_err();
        assert!(matches!(denied, Denied::TokenMismatch { .. }), "{wrong:?}: {denied}");
        assert!(denied.depends_on_secret());
    }
    for wrong in
        [encoded("annhunter2"), encoded(""), "Basic ?".to_owned(), format!("Basic {plain}x")]
    {
        let denied = basic(checks, &wrong).unwrap_err();
        assert!(matches!(denied, Denied::BasicMalformed(_)), "{wrong:?}: {denied}");
    }
    for wrong in [plain.as_str(), "Bearer x", "", "Basic"] {
        let denied = basic(checks, wrong).unwrap_err();
        assert!(matches!(denied, Denied::TokenPrefix { .. }), "{wrong:?}: {denied}");
    }
    assert!(basic(checks, &encoded(b"ann:\xff")).is_err());
    let twice = encoded("ann:hunter2");
    let twice = Post::new(&[("authorization", &twice), ("Authorization", &twice)], "");
    let pairs = [("new", "x"), ("old", "hunter2")];
    assert!(matches!(twice.verify(checks, &pairs), Err(Denied::Duplicated(_))));
    assert!(matches!(Post::new(&[], "").verify(checks, &pairs), Err(Denied::Missing(_))));
    let empty = Post::new(&[("authorization", &encoded("ann:"))], "");
    let denied = empty.verify("basic: { username: ann, secrets: [s] }", &[("s", "")]).unwrap_err();
    assert_eq!(denied, Denied::SecretEmpty("s".to_owned()));
}

#[test]
fn without_a_name_the_secret_is_name_and_password() {
    let judge = |sent: &str, secret: &str| {
        let post = Post::new(&[("Authorization", &encoded(sent))], "");
        post.verify("basic: { secrets: [s] }", &[("s", secret)])
    };
    assert!(judge("ann:pw", "ann:pw").is_ok());
    assert!(judge("ann:pw", "pw").is_err());
    assert!(judge("ann:pw", "ann:pwd").is_err());
    // A secret that lacks the name can never be sent.
    assert!(judge("pw", "pw").is_err());
}

#[test]
fn the_address_is_the_connections_and_never_a_headers() {
    let checks = r#"ip: { allow: ["192.0.2.0/24", "2001:db8::/32"] }"#;
    let from = |peer: Option<&str>| {
        let forwarded = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")];
        let request = Post::new(&forwarded, "").request();
        let request = request.from_peer(peer.map(|peer| peer.parse().unwrap()));
        verify(&webhook(checks), request, &LiveSecrets::default(), now())
    };
    for inside in ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.7", "2001:db8:1::"] {
        let verified = from(Some(inside)).unwrap();
        assert_eq!((verified.passed()[0].check, &verified.passed()[0].secret), ("ip", &None));
    }
    for outside in ["192.0.3.0", "::ffff:192.0.3.7", "2001:db9::", "::1"] {
        let denied = from(Some(outside)).unwrap_err();
        assert_eq!(denied, Denied::PeerNotAllowed(outside.parse().unwrap()));
        assert!(!denied.depends_on_secret() && !denied.is_misconfigured());
    }
    assert_eq!(from(None).unwrap_err(), Denied::NoPeer);
}

#[test]
fn a_digest_is_that_of_the_bytes_that_came() {
    let checks = r#"token: { from: header.x-token, secrets: [s] }
    - digest: { hash: sha512, of: "{method}:{body}", equals: header.x-digest, encoding: base64 }"#;
    let judge = |digest: &str, body: &[u8]| {
        let headers = [("x-token", "t"), ("x-digest", digest)];
        Post::new(&headers, body).verify(checks, &[("s", "t")])
    };
    let of =
        |text: &[u8]| STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, text));
    assert!(judge(&of(b"POST:\xff\0"), b"\xff\0").is_ok());
    assert!(judge(&of(b"POST:"), b"").is_ok());
    for (wrong, is_right) in [
        (of(b"POST:x"), (|d| matches!(d, Denied::DigestMismatch(_))) as fn(&Denied) -> bool),
        (of(b"POST:b")[..12].to_owned(), |d| matches!(d, Denied::DigestMismatch(_))),
        (of(b"POST:b") + "x", |d| matches!(d, Denied::DigestMalformed { .. })),
        (String::new(), |d| matches!(d, Denied::DigestMalformed { .. })),
        ("=".to_owned(), |d| matches!(d, Denied::DigestMalformed { .. })),
    ] {
        let denied = judge(&wrong, b"b").unwrap_err();
        assert!(is_right(&denied), "{wrong}: {denied}");
    }
    let missing = Post::new(&[("x-token", "t")], "").verify(checks, &[("s", "t")]);
    assert!(matches!(missing, Err(Denied::Missing(_))));
}
