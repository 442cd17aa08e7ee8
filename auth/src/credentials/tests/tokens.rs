//! Access tokens: asked for, kept, refused.

use super::*;

#[tokio::test]
async fn a_token_is_asked_for_once_and_kept_until_shortly_before_its_end() {
    let world = World::new([token("token-one"), token("token-two")]);
    let (credentials, redactor) = world.credentials();
    let auth = oauth(r#", scopes: [logs.read, users.read], params: { audience: "a b" }"#);
    let (value, authorized) = bearer(&credentials, &auth).await;
    assert_eq!(value, "Bearer token-one");
    assert_eq!(authorized, Authorized { token_requests: 1, from_cache: false, is_withheld: false });
    assert_eq!(redactor.mask("token-one"), "***");
    {
        let asked = world.asked.lock().unwrap();
        assert_eq!(asked[0].method, Method::POST);
        assert_eq!(asked[0].url.as_str(), "https://login.example.com/token");
        let basic = STANDARD.encode("id%3A1:s3cr%2Fet+of%2Bokta");
        assert_eq!(asked[0].headers[AUTHORIZATION], format!("Basic {basic}"));
        assert!(asked[0].headers[AUTHORIZATION].is_sensitive());
        let body = asked[0].body.as_ref().unwrap();
        let form: BTreeMap<_, _> = url::form_urlencoded::parse(body).into_owned().collect();
        let expected = [
            ("audience", "a b"),
            ("grant_type", "client_credentials"),
            ("scope", "logs.read users.read"),
        ];
        assert!(form.iter().map(|(k, v)| (k.as_str(), v.as_str())).eq(expected), "{form:?}");
        assert_eq!((asked[0].max_body, asked[0].timeout), (65_536, Duration::from_secs(20)));
    }
    // 3600 s of life, 60 s spared.
    world.pass(Duration::from_millis(3_539_999));
    let (value, authorized) = bearer(&credentials, &auth).await;
    assert_eq!(value, "Bearer token-one");
    assert_eq!(authorized, Authorized { token_requests: 0, from_cache: true, is_withheld: false });
    // Another process finds it in the store, and masks it.
    let (other, redactor) = world.credentials();
    assert_eq!(bearer(&other, &auth).await.0, "Bearer token-one");
    assert_eq!(redactor.mask("token-one"), "***");
    world.pass(Duration::from_millis(1));
    assert_eq!(bearer(&credentials, &auth).await.0, "Bearer token-two");
    assert_eq!(bearer(&other, &auth).await.0, "Bearer token-two");
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn of_a_short_life_a_tenth_is_spared_and_none_is_kept_until_refused() {
    for (life, until) in [
        (r#","expires_in":100"#, Some(start() + SignedDuration::from_secs(90))),
        (r#","expires_in":0"#, Some(start())),
        (r#","expires_in":18446744073709551615"#, Some(Timestamp::MAX)),
        ("", None),
    ] {
        let body = format!(r#"{{"access_token":"the-token","token_type":"bearer"{life}}}"#);
        let world = World::new([answer(201, &[], &body)]);
        let (credentials, _) = world.credentials();
        assert_eq!(bearer(&credentials, &oauth("")).await.0, "Bearer the-token");
        let kept = world.kept.lock().unwrap().values().next().unwrap().expires;
        assert_eq!(kept, until, "{life}");
    }
}

#[tokio::test]
async fn a_refused_token_is_forgotten_everywhere() {
    let world = World::new([token("token-one"), token("token-two")]);
    let (credentials, _) = world.credentials();
    let auth = oauth("");
    assert_eq!(bearer(&credentials, &auth).await.0, "Bearer token-one");
    credentials.refused("okta", &auth, &client()).await.unwrap();
    assert!(world.kept.lock().unwrap().is_empty());
    let (value, authorized) = bearer(&credentials, &auth).await;
    assert_eq!(value, "Bearer token-two");
    assert_eq!(authorized.token_requests, 1);
    let fixed = poll_auth(r#"{ bearer: "{secret.token}" }"#);
    credentials.refused("okta", &fixed, &secrets(&[])).await.unwrap();
}

#[tokio::test]
async fn a_token_from_memory_is_masked_after_many_others_were_learnt() {
    let world = World::new([token("token-one")]);
    let (credentials, redactor) = world.credentials();
    let auth = oauth("");
    bearer(&credentials, &auth).await;
    for n in 1..40_u64 {
        let other: String = (1..2_000_u64).map(|m| format!("{}", m * m * n)).collect();
        redactor.learn(&Secret::new(other));
    }
    assert_eq!(redactor.mask("token-one"), "token-one", "the others took its place");
    let (_, authorized) = bearer(&credentials, &auth).await;
    assert!(authorized.from_cache);
    assert_eq!(redactor.mask("token-one"), "***");
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_request() {
    let world = World::new([token("token-one"), token("token-two")]);
    let (credentials, _) = world.credentials();
    let auth = oauth("");
    let (a, b, c) = tokio::join!(
        bearer(&credentials, &auth),
        bearer(&credentials, &auth),
        bearer(&credentials, &auth)
    );
    assert_eq!([a.0, b.0, c.0], ["Bearer token-one"; 3]);
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn whatever_a_token_is_asked_with_is_in_its_name() {
    let (credentials, _) = World::new([]).credentials();
    let name = |source: &str, auth: &PollAuth, secret: &str| {
        let PollAuth::Token(token) = auth else { panic!("not OAuth") };
        let given = secrets(&[("client_secret", secret)]);
        TokenRequest::render(source, token, credentials.renderer(&given)).unwrap().key.0
    };
    let plain = oauth("");
    let names = [
        name("okta", &plain, "secret-1"),
        name("okta", &plain, "secret-2"),
        name("oktb", &plain, "secret-1"),
        name("okta", &oauth(", client_auth: body"), "secret-1"),
        name("okta", &oauth(", client_auth: body, body: json"), "secret-1"),
        name("okta", &oauth(", scopes: [a]"), "secret-1"),
        name("okta", &oauth(", scopes: [a, b]"), "secret-1"),
        name("okta", &oauth(", scopes: [ab]"), "secret-1"),
        name("okta", &oauth(", params: { a: b }"), "secret-1"),
        name("okta", &oauth(", params: { a: c }"), "secret-1"),
        name("okta", &oauth(", scopes: [a, b], params: { a: b }"), "secret-1"),
    ];
    let different: BTreeSet<_> = names.iter().collect();
    assert_eq!(different.len(), names.len());
    assert_eq!(names[0], name("okta", &oauth(""), "secret-1"));
    assert!(names.iter().all(|name| !name.contains("secret")));
}

#[tokio::test]
async fn the_client_may_prove_itself_in_the_body() {
    let world = World::new([token("token-one")]);
    let (credentials, _) = world.credentials();
    bearer(&credentials, &oauth(", client_auth: body")).await;
    let asked = world.asked.lock().unwrap();
    assert!(!asked[0].headers.contains_key(AUTHORIZATION));
    let body = std::str::from_utf8(asked[0].body.as_ref().unwrap()).unwrap();
    assert!(body.contains("client_id=id%3A1&client_secret=s3cr%2Fet+of%2Bokta"), "{body}");
}

/// The process that has the turn is gone: the others come back later, and one of
/// them asks when its time is over.
#[tokio::test]
async fn who_asks_for_too_long_loses_the_turn() {
    let world = World::new([token("token-one")]);
    let auth = oauth("");
    // Only a request for a token shows which key it is.
    let (first, _) = world.credentials();
    bearer(&first, &auth).await;
    let key = world.kept.lock().unwrap().pop_first().unwrap().0;
    assert!(world.claims.lock().unwrap().is_empty(), "the turn is over with the token");
    let gone = (TokenClaim("gone".to_owned()), start() + SignedDuration::from_secs(60));
    world.claims.lock().unwrap().insert(key, gone);
    let (other, _) = world.credentials();
    let refused = other.authorize("okta", &auth, &client(), &mut request()).await.unwrap_err();
    let CredentialError::Limited { until } = refused else { panic!("{refused:?}") };
    assert_eq!((until, world.asked()), (start() + SignedDuration::from_secs(15), 1));
    world.pass(Duration::from_secs(60));
    bearer(&other, &auth).await;
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn a_turn_without_a_token_is_over_too() {
    let world = World::new([answer(400, &[], r#"{"error":"invalid_client"}"#)]);
    failure(&world, &oauth("")).await;
    assert!(world.claims.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_token_that_could_not_be_stored_is_still_used_by_this_process() {
    let world = World::new([token("token-one"), token("token-two")]);
    *world.store_fails.lock().unwrap() = true;
    let (credentials, redactor) = world.credentials();
    let auth = oauth("");
    let error = credentials.authorize("okta", &auth, &client(), &mut request()).await.unwrap_err();
    assert!(matches!(error, CredentialError::Store(_)));
    assert_eq!(redactor.mask("token-one"), "***");
    assert_eq!(bearer(&credentials, &auth).await.0, "Bearer token-one");
}

#[tokio::test]
async fn a_token_url_cannot_lead_to_another_origin() {
    let auth = poll_auth(
        r#"{ client_credentials: { token_url: "https://login.example.com/{secret.tenant}/token", client_id: i,
             client_secret: "{secret.client_secret}" } }"#,
    );
    let PollAuth::Token(mut client) = auth else { panic!("not OAuth") };
    let world = World::new([token("token-one")]);
    let (credentials, _) = world.credentials();
    let given = secrets(&[("client_secret", CLIENT_SECRET), ("tenant", "../@evil.example.com//")]);
    let auth = PollAuth::Token(client.clone());
    credentials.authorize("okta", &auth, &given, &mut request()).await.unwrap();
    assert_eq!(world.asked.lock().unwrap()[0].url.host_str(), Some("login.example.com"));
    client.origin.port = 8443;
    let auth = PollAuth::Token(client);
    let error = credentials.authorize("okta", &auth, &given, &mut request()).await.unwrap_err();
    assert_eq!(error.to_string(), "`token_url` in `poll.auth` is not a URL of its own origin");
}

#[tokio::test]
async fn the_key_of_a_stored_token_stays_as_it_is() {
    const LOGIN: &str = r#"post: "https://login.example.com/login", headers: { x-a: b }"#;
    const OAUTH: &str = r#"token_url: "https://login.example.com/token", client_id"#;
    let (credentials, _) = World::new([]).credentials();
    let key = include_str!("test-key.pem");
    let file =
        serde_json::json!({ "client_email": "e", "private_key": key, "private_key_id": "k" });
    let file = file.to_string();
    let given =
        secrets(&[("client_secret", "a"), ("password", "b"), ("key", key), ("file", &file)]);
    for (auth, expected) in [
        (
            r#"client_credentials: { OAUTH: "id:1", client_secret: "{secret.client_secret}", scopes: [a, b], params: { c: d } }"#,
            "f05ff019ac6271c135dcd5edf40ecbf578d4f3369904c7effb559b7bb784bf70",
        ),
        (
            r#"client_credentials: { OAUTH: c, client_auth: private_key_jwt, key: "{secret.key}", key_id: k }"#,
            "a4c2509d078d8cf15357c4cd02a1a2586f1b609c9a7f45605cf89329d1786035",
        ),
        (
            r#"session: { login: { LOGIN, form: { p: "{secret.password}" } }, cookies: [a, b] }"#,
            "d2accd03dfed325688629e190790a08dce67597314cbdbbe7194ef5eccf2265c",
        ),
        (
            r#"session: { login: { LOGIN, json: { p: ["{secret.password}"] } }, base_url: { from: base },
                 token: { from: token, send: { header: { name: x-t, value: "{token}" } } } }"#,
            "cab00c23ffad8d5fe879bf47f13a7fcd121365b31c33130f6acefc5dac71e602",
        ),
        (
            r#"refresh_token: { OAUTH: id, client_auth: body, client_secret: "{secret.client_secret}", refresh_token: the_token }"#,
            "cba219fc89cf985c2edd47d05a195c02d8978795085570c9dd7c2e5b82c88379",
        ),
        (
            r#"jwt_bearer: { OAUTH: id, key: "{secret.key}", key_id: k, issuer: i, subject: s, claims: { b: c, a: d } }"#,
            "3d8b9f7dc019639f270e5ff91c1f1995cf96846b6f1f58008f71d803c046e291",
        ),
        (
            r#"google_service_account: { key: "{secret.file}", subject: u, scopes: [a, b] }"#,
            "48a0caeac5a7e6d5adc9b3639ee6739f598f7f3cf258d0c78acac198000f9202",
        ),
        (
            r#"github_app: { app_id: "1", installation_id: "2", key: "{secret.key}" }"#,
            "4f31337af57e204661c86355ab4b1d284cb2d7bcd16ea8b1def82c5c8636f7f4",
        ),
    ] {
        let auth = auth.replace("OAUTH", OAUTH).replace("LOGIN", LOGIN);
        let PollAuth::Token(token) = poll_auth(&format!("{{ {auth} }}")) else { panic!("{auth}") };
        let request = TokenRequest::render("okta", &token, credentials.renderer(&given)).unwrap();
        assert_eq!(request.key.0, expected, "{auth}");
    }
}

/// Many servers compare the header with what they gave out.
#[tokio::test]
async fn a_client_sends_its_id_and_secret_as_they_are_where_the_source_file_says_so() {
    let world = World::new([token("token-one")]);
    let (credentials, redactor) = world.credentials();
    bearer(&credentials, &oauth(", client_auth: basic_plain")).await;
    let sent = format!("Basic {}", STANDARD.encode(format!("id:1:{CLIENT_SECRET}")));
    assert_eq!(world.asked.lock().unwrap()[0].headers[AUTHORIZATION], sent);
    assert!(!redactor.mask(&sent).contains(&STANDARD.encode(format!("id:1:{CLIENT_SECRET}"))));
    // Where both come to the same, nobody is sent that way.
    for (more, secret, is_told) in [
        ("", CLIENT_SECRET, true),
        ("", "plain-secret-1", false),
        (", client_auth: basic_plain", CLIENT_SECRET, false),
        (", client_auth: body", CLIENT_SECRET, false),
    ] {
        for body in ["{\"error\":\"invalid_client\"}", ""] {
            let world = World::new([answer(401, &[], body)]);
            let (credentials, _) = world.credentials();
            let auth = poll_auth(&format!(
                r#"{{ client_credentials: {{ token_url: "https://login.example.com/token", client_id: "id-1",
                    client_secret: "{{secret.client_secret}}"{more} }} }}"#
            ));
            let known = secrets(&[("client_secret", secret)]);
            let error =
                credentials.authorize("acme", &auth, &known, &mut request()).await.unwrap_err();
            let said = mef_ports::chain(&error);
            assert_eq!(said.contains("basic_plain"), is_told, "{more} {body}: {said}");
        }
    }
}
