//! Logins, cookies, digests and signatures, as they go out.

use http::header::COOKIE;

use super::*;

fn session(login: &str, token: &str, more: &str) -> PollAuth {
    let text = format!(
        r#"
source: okta
poll:
  schedule: rate(1 minute)
  auth: {{ session: {{ login: {{ post: "https://login.example.com/login", {login} }}, token: {token}{more} }} }}
  request: {{ get: "https://api.example.com/logs", query: {{ since: "{{window.start}}" }} }}
  records: ""
  cursor: {{ time: t, end_lag: 1s }}
  allow_origins: ["https://eu.example.com", "https://us.example.com"]
"#
    );
    let loaded = mef_source::load(&text, &|_| Err("no files".to_owned()));
    loaded.unwrap_or_else(|problems| panic!("{problems:?}")).source.poll.unwrap().auth
}

fn user() -> BTreeMap<String, Secret> {
    secrets(&[("user", "the-user"), ("password", "pass\"word &=%")])
}

#[tokio::test]
async fn a_login_gives_a_token_that_is_sent_as_the_file_says() {
    let json = r#"json: { credentials: { username: "{secret.user}", password: "{secret.password}" }, mfa: [1, false] }"#;
    let form =
        r#"form: { u: "{secret.user}", p: "{secret.password}" }, headers: { X-Version: "2" }"#;
    let body = r#"{"data":{"token":"tok-1234"},"ttl":"100"}"#;
    for (login, from, send, answer) in [
        (
            json,
            "data.token",
            r#"{ header: { name: X-Auth, value: "T={token}" } }"#,
            answer(200, &[], body),
        ),
        (form, "header.x-token", "{ cookie: SID }", answer(201, &[("x-token", "tok-1234")], "")),
        (
            form,
            "cookie.JSESSION",
            "{ query: sid }",
            answer(302, &[("set-cookie", "JSESSION=tok-1234; Path=/; HttpOnly")], ""),
        ),
    ] {
        let world = World::new([answer]);
        let (credentials, redactor) = world.credentials();
        let auth = session(
            login,
            &format!("{{ from: {from}, send: {send} }}"),
            ", expires: { after: 100s }",
        );
        let mut sent = request();
        sent.headers.insert(COOKIE, "a=1; SID=old".parse().unwrap());
        is_send(credentials.authorize("okta", &auth, &user(), &mut sent)).await.unwrap();
        match from {
            "data.token" => assert_eq!(sent.headers["x-auth"], "T=tok-1234"),
            "header.x-token" => assert_eq!(sent.headers[COOKIE], "a=1; SID=tok-1234"),
            _ => assert!(sent.url.query().unwrap().ends_with("&sid=tok-1234")),
        }
        assert_eq!(redactor.mask("tok-1234"), "***");
        let asked = world.asked.lock().unwrap();
        let body = std::str::from_utf8(asked[0].body.as_ref().unwrap()).unwrap();
        if login == json {
            let expected = r#"{"credentials":{"username":"the-user","password":"pass\"word &=%"},"mfa":[1,false]}"#;
            assert_eq!(body, expected);
            assert_eq!(asked[0].headers["content-type"], "application/json");
        } else {
            assert_eq!(body, "p=pass%22word+%26%3D%25&u=the-user");
            assert_eq!(asked[0].headers["x-version"], "2");
        }
        let kept = world.kept.lock().unwrap().values().next().unwrap().expires;
        assert_eq!(kept, Some(start() + SignedDuration::from_secs(90)));
    }
}

#[tokio::test]
async fn a_login_gives_several_cookies_and_all_are_sent_and_masked() {
    let login =
        "login: { post: \"https://login.example.com/login\", form: { p: \"{secret.password}\" } }";
    let auth = poll_auth(&format!(
        "{{ session: {{ {login}, cookies: [ASP.NET_SessionId, __RequestVerificationToken] }} }}"
    ));
    let first = answer(200, &[("set-cookie", "ASP.NET_SessionId=sid-1234; path=/; HttpOnly")], "");
    let mut both = first.clone();
    let second = "__RequestVerificationToken=ver=5678; path=/".parse().unwrap();
    both.headers.append("set-cookie", second);
    let world = World::new([both]);
    // Another process finds them.
    for (credentials, redactor) in [world.credentials(), world.credentials()] {
        let mut sent = request();
        sent.headers.insert(COOKIE, "lang=en; ASP.NET_SessionId=old".parse().unwrap());
        credentials.authorize("okta", &auth, &user(), &mut sent).await.unwrap();
        assert_eq!(
            sent.headers[COOKIE],
            "lang=en; ASP.NET_SessionId=sid-1234; __RequestVerificationToken=ver=5678"
        );
        assert_eq!(redactor.mask("a sid-1234 b ver=5678"), "a *** b ***");
    }
    let world = World::new([first]);
    let (credentials, _) = world.credentials();
    let failed = credentials.authorize("okta", &auth, &user(), &mut request()).await;
    let CredentialError::TokenEndpoint(error) = failed.unwrap_err() else { panic!("no answer") };
    assert!(error.to_string().contains("`cookie.__RequestVerificationToken`"), "{error}");
}

/// The author of the file looks for the token in a trace.
#[tokio::test]
async fn a_token_that_is_not_where_the_file_says_is_masked_all_the_same() {
    let login = r#"form: { password: "{secret.password}" }"#;
    let auth = session(login, "{ from: token, send: { cookie: S } }", "");
    let body = r#"{"data":{"jwt":"eyJhbGciOiJub25lIn0.e30.c2ln","user":"audit reader","n":1}}"#;
    let world = World::new([answer(200, &[("x-session", "0123456789abcdef-s")], body)]);
    let (credentials, redactor) = world.credentials();
    credentials.authorize("okta", &auth, &user(), &mut request()).await.unwrap_err();
    assert_eq!(redactor.mask(body), r#"{"data":{"jwt":"***","user":"audit reader","n":1}}"#);
    assert_eq!(redactor.mask("0123456789abcdef-s"), "***");
}

#[tokio::test]
async fn a_refused_login_is_named_by_its_url_and_no_oauth() {
    let auth =
        session(r#"form: { p: "{secret.password}" }"#, "{ from: token, send: { cookie: S } }", "");
    let world = World::new([answer(404, &[], "")]);
    let (credentials, _) = world.credentials();
    let failed = credentials.authorize("okta", &auth, &user(), &mut request()).await;
    let CredentialError::TokenEndpoint(error) = failed.unwrap_err() else { panic!("no answer") };
    assert_eq!(
        error.to_string(),
        "the login https://login.example.com/login answered 404 Not Found: check its URL and the credentials"
    );
}

#[tokio::test]
async fn a_login_leads_the_requests_to_its_base_url_and_nowhere_else() {
    let login = r#"json: { password: "{secret.password}" }"#;
    let token = r#"{ from: token, send: { header: { name: Authorization, value: "{token}" } } }"#;
    let auth = session(login, token, ", base_url: { from: base }");
    let give = |base: &str| answer(200, &[], &format!(r#"{{"token":"tok-1234","base":"{base}"}}"#));
    let world = World::new([give("https://eu.example.com/api/v1/")]);
    let (credentials, _) = world.credentials();
    // Another process finds both.
    let (other, _) = world.credentials();
    for credentials in [&credentials, &other] {
        for (asked, led, credential) in [
            ("https://api.example.com/logs?a=1", "https://eu.example.com/api/v1/logs?a=1", true),
            (
                "https://api.example.com/api/v1/logs?a=1",
                "https://eu.example.com/api/v1/logs?a=1",
                true,
            ),
            ("https://eu.example.com/next?p=2", "https://eu.example.com/next?p=2", true),
            ("https://us.example.com/next?p=2", "https://us.example.com/next?p=2", false),
            ("https://login.example.com/next", "https://login.example.com/next", false),
        ] {
            let mut sent = request();
            sent.url = asked.parse().unwrap();
            credentials.authorize("okta", &auth, &user(), &mut sent).await.unwrap();
            assert_eq!(sent.url.as_str(), led);
            assert_eq!(sent.headers.contains_key(AUTHORIZATION), credential, "{asked}");
        }
    }
    assert_eq!(world.asked(), 1);
    for (base, message) in [
        (
            "https://evil.example.com/",
            "the login leads to https://evil.example.com:443: list it under `allow_origins` if that is right",
        ),
        (
            "http://eu.example.com/",
            "the login leads to http://eu.example.com:80: list it under `allow_origins` if that is right",
        ),
        (
            "/relative",
            "the token endpoint's response has no usable value at `/base`: check its URL, and where `poll.auth` looks for it",
        ),
    ] {
        let world = World::new([give(base)]);
        let (credentials, _) = world.credentials();
        let failed = credentials.authorize("okta", &auth, &user(), &mut request()).await;
        let CredentialError::TokenEndpoint(error) = failed.unwrap_err() else { panic!("{base}") };
        assert_eq!(error.to_string(), message);
    }
}

/// The one that waited for the other's turn learns the token, not only the text
/// in which it is kept beside the base URL.
#[tokio::test]
async fn a_token_that_another_process_left_is_masked_with_a_base_url_too() {
    let login = r#"json: { password: "{secret.password}" }"#;
    let token = r#"{ from: token, send: { header: { name: Authorization, value: "{token}" } } }"#;
    let auth = session(login, token, ", base_url: { from: base }");
    let world =
        World::new([answer(200, &[], r#"{"token":"tok-1234","base":"https://eu.example.com/"}"#)]);
    let ((one, first), (two, second)) = (world.credentials(), world.credentials());
    let (given, mut a, mut b) = (user(), request(), request());
    let (a, b) = tokio::join!(
        one.authorize("okta", &auth, &given, &mut a),
        two.authorize("okta", &auth, &given, &mut b)
    );
    assert_eq!((a.unwrap().token_requests, b.unwrap().token_requests), (1, 0));
    for redactor in [first, second] {
        assert_eq!(redactor.mask("a tok-1234 b"), "a *** b");
    }
}

#[tokio::test]
async fn a_refused_session_logs_in_once_more() {
    let token = |token: &str| answer(200, &[], &format!(r#"{{"token":"{token}"}}"#));
    let world = World::new([token("tok-one"), token("tok-two")]);
    let (credentials, _) = world.credentials();
    let auth =
        session(r#"form: { p: "{secret.password}" }"#, "{ from: token, send: { cookie: S } }", "");
    for expected in ["S=tok-one", "S=tok-two"] {
        let mut sent = request();
        credentials.authorize("okta", &auth, &user(), &mut sent).await.unwrap();
        assert_eq!(sent.headers[COOKIE], expected);
        credentials.refused("okta", &auth, &user()).await.unwrap();
    }
}

#[tokio::test]
async fn basic_and_cookies_are_put_in_and_masked() {
    let (credentials, redactor) = World::new([]).credentials();
    let mut sent = request();
    let auth = poll_auth(r#"{ basic: { username: "{secret.user}", password: "" } }"#);
    credentials.authorize("okta", &auth, &user(), &mut sent).await.unwrap();
    let pair = STANDARD.encode("the-user:");
    assert_eq!(sent.headers[AUTHORIZATION], format!("Basic {pair}"));
    assert_eq!(redactor.mask(&pair), "***");
    let auth = poll_auth(r#"{ cookie: { name: key, value: "{secret.user}" } }"#);
    credentials.authorize("okta", &auth, &user(), &mut sent).await.unwrap();
    assert_eq!(sent.headers[COOKIE], "key=the-user");
    assert!(sent.headers[COOKIE].is_sensitive());
    let auth = poll_auth(r#"{ cookie: { name: key, value: "{secret.password}" } }"#);
    let failed = credentials.authorize("okta", &auth, &user(), &mut sent).await.unwrap_err();
    assert_eq!(
        failed.to_string(),
        "the cookie `key` in `poll.auth` has characters that no cookie may have"
    );
}

#[tokio::test]
async fn a_digest_is_sent_once_there_is_a_challenge_and_counts() {
    let (credentials, _) = World::new([]).credentials();
    let auth =
        poll_auth(r#"{ digest: { username: "{secret.user}", password: "{secret.password}" } }"#);
    let mut sent = request();
    credentials.authorize("okta", &auth, &user(), &mut sent).await.unwrap();
    assert!(!sent.headers.contains_key(AUTHORIZATION));
    let refusal = answer(
        401,
        &[("www-authenticate", "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256")],
        "",
    );
    credentials.note_response("okta", &auth, StatusCode::OK, &refusal.headers);
    credentials.note_response("other", &auth, refusal.status, &refusal.headers);
    credentials.authorize("okta", &auth, &user(), &mut sent).await.unwrap();
    assert!(!sent.headers.contains_key(AUTHORIZATION));
    credentials.note_response("okta", &auth, refusal.status, &refusal.headers);
    for count in ["nc=00000001", "nc=00000002"] {
        credentials.authorize("okta", &auth, &user(), &mut sent).await.unwrap();
        let value = sent.headers[AUTHORIZATION].to_str().unwrap();
        assert!(
            value.contains(count) && value.contains("uri=\"/logs?a=%7E&api%5Fkey=old&b=1\""),
            "{value}"
        );
        assert!(!value.contains("word") && sent.headers[AUTHORIZATION].is_sensitive());
    }
}

#[tokio::test]
async fn an_hmac_signs_the_text_of_the_file() {
    let (credentials, redactor) = World::new([]).credentials();
    let auth = poll_auth(
        r#"{ sign: { hmac: { hash: sha1, secret: "{secret.key}", key: { encoding: base64 }, encoding: base64,
          text: "{date|date(\"%a, %d %b %Y %H:%M:%S UTC\")}:{nonce}:{path}:{query_sorted}:{body_sha256}:{header.X-App}:{secret.app}",
          into: { Authorization: "MC {secret.app}:{signature}", x-mc-date: "{date|date(\"%a, %d %b %Y %H:%M:%S UTC\")}", x-mc-req-id: "{nonce}" } } } }"#,
    );
    let given = secrets(&[("key", "c2VjcmV0X2tleQ=="), ("app", "app_key")]);
    let mut nonces = BTreeSet::new();
    for _ in 0..2 {
        let mut sent = request();
        sent.headers.insert("x-app", "A".parse().unwrap());
        credentials.authorize("okta", &auth, &given, &mut sent).await.unwrap();
        let nonce = sent.headers["x-mc-req-id"].to_str().unwrap().to_owned();
        assert_eq!(sent.headers["x-mc-date"], "Tue, 24 Nov 2026 10:00:00 UTC");
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let text = format!(
            "Tue, 24 Nov 2026 10:00:00 UTC:{nonce}:/logs:a=%7E&api%5Fkey=old&b=1:{empty}:A:app_key"
        );
        let key = aws_lc_rs::hmac::Key::new(
            aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            b"secret_key",
        );
        let expected = STANDARD.encode(aws_lc_rs::hmac::sign(&key, text.as_bytes()));
        assert_eq!(sent.headers[AUTHORIZATION], format!("MC app_key:{expected}"));
        assert_eq!(redactor.mask(&expected), "***");
        nonces.insert(nonce);
    }
    assert_eq!(nonces.len(), 2);
    assert!(
        nonces.iter().all(|nonce| nonce.len() == 36 && nonce.as_bytes()[14] == b'4'),
        "{nonces:?}"
    );
}

/// Computed with Python's `hashlib`.
#[tokio::test]
async fn a_hash_without_a_key_is_that_of_the_text_and_gives_no_secret_away() {
    let now = "2026-11-24T10:00:00.123Z".parse().unwrap();
    let nonce = "6f1c1b6e-0d3a-4c7b-9b57-2d2c4e0a9f10";
    let given = secrets(&[("api_key", "s3cr3t-api-key")]);
    for (how, expected) in [
        ("hash: sha1, encoding: base64", "9D453oz/QYB8o5j3rKffjvUcxd8="),
        ("encoding: hex", "121c06b8a0eaf5f2b9510a59ccf0f1a14e342b0f865840aed4946abd39cca1a7"),
        (
            "hash: sha512, encoding: base64url",
            "tlM-QjTghExG_OeZ1YmIsPXbB3OcZLwzx_aWIJ9cDIB9E-w1iixKbdtPf3aixEJvVENVP-L4VbmCO3Lm1x3uUQ",
        ),
    ] {
        let PollAuth::Sign(sign) = poll_auth(&format!(
            r#"{{ sign: {{ hash: {{ {how}, text: "{{secret.api_key}}{{nonce|sha256_hex}}{{date|epoch_ms}}",
              into: {{ Authorization: "{{signature}}", x-xdr-auth-id: "7", x-xdr-nonce: "{{nonce|sha256_hex}}",
                       x-xdr-timestamp: "{{date|epoch_ms}}" }} }} }} }}"#
        )) else {
            panic!("no signature")
        };
        let (credentials, redactor) = World::new([]).credentials();
        let mut sent = request();
        sign::sign(&sign, credentials.renderer(&given), &mut sent, now, nonce).unwrap();
        assert_eq!(sent.headers[AUTHORIZATION], expected);
        assert_eq!(sent.headers["x-xdr-auth-id"], "7");
        assert_eq!(
            sent.headers["x-xdr-nonce"],
            "b52b4d01f68d84bde3b41ed40f803a287d7b2f220a019863b34e11867ebc9050"
        );
        assert_eq!(sent.headers["x-xdr-timestamp"], "1795514400123");
        assert!(sent.headers.values().all(http::HeaderValue::is_sensitive));
        assert!(!format!("{:?} {credentials:?}", sent.headers).contains("s3cr3t"));
        assert_eq!(redactor.mask("a s3cr3t-api-keyb52b4d 1"), "a ***b52b4d 1");
        assert_eq!(redactor.mask(expected), "***");
        let failed = sign::sign(&sign, credentials.renderer(&secrets(&[])), &mut sent, now, nonce)
            .unwrap_err();
        assert_eq!(
            failed.to_string(),
            "`text` in `poll.auth` stands for nothing: the secret `api_key` is not there"
        );
    }
}
