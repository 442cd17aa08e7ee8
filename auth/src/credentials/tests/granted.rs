//! Tokens that are asked for without a client's secret.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;

const KEY: &str = include_str!("test-key.pem");
const PUBLIC: &str = include_str!("test-key.pub.pem");

fn form(request: &HttpRequest) -> BTreeMap<String, String> {
    let body = request.body.clone().unwrap();
    url::form_urlencoded::parse(&body).into_owned().collect()
}

/// Header and claims of a token that the test's key has signed.
fn verified(jwt: &str, algorithm: jsonwebtoken::Algorithm) -> (Value, Value) {
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let key = jsonwebtoken::DecodingKey::from_rsa_pem(PUBLIC.as_bytes()).unwrap();
    assert!(jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, algorithm).unwrap());
    let mut parts = signed.split('.').map(|part| {
        serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    });
    (parts.next().unwrap(), parts.next().unwrap())
}

async fn asked(
    auth: &str,
    given: &[(&str, &str)],
    answered: HttpResponse,
) -> (HttpRequest, HttpRequest, Redactor) {
    let world = World::new([answered]);
    let (credentials, redactor) = world.credentials();
    let mut sent = request();
    credentials.authorize("okta", &poll_auth(auth), &secrets(given), &mut sent).await.unwrap();
    let asked = world.asked.lock().unwrap()[0].clone();
    (asked, sent, redactor)
}

#[tokio::test]
async fn a_client_proves_itself_with_its_private_key() {
    let (request, sent, redactor) = asked(
        r#"{ client_credentials: { token_url: "https://login.example.com/token", client_id: "the-client",
             client_auth: private_key_jwt, key: "{secret.key}", key_id: k1, scopes: [a], audience: "https://api" } }"#,
        // As a store that takes one line only has it.
        &[("key", &KEY.replace('\n', "\\n"))],
        token("token-one"),
    )
    .await;
    assert_eq!(sent.headers[AUTHORIZATION], "Bearer token-one");
    let form = form(&request);
    let (header, mut claims) = verified(&form["client_assertion"], jsonwebtoken::Algorithm::RS256);
    assert_eq!(header, json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" }));
    assert_eq!(claims["jti"].take().as_str().unwrap().len(), 36);
    let now = start().as_second();
    assert_eq!(
        claims,
        json!({ "iss": "the-client", "sub": "the-client", "aud": "https://login.example.com/token",
                "iat": now, "exp": now + 300, "jti": null })
    );
    assert_eq!(
        form["client_assertion_type"],
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    assert_eq!(
        (form["grant_type"].as_str(), form["audience"].as_str()),
        ("client_credentials", "https://api")
    );
    assert!(!request.headers.contains_key(AUTHORIZATION) && !form.contains_key("client_secret"));
    assert_eq!(redactor.mask(&form["client_assertion"]), "***");
}

#[tokio::test]
async fn a_certificate_is_named_by_its_digest() {
    let der = b"not looked into";
    let certificate = pem::encode(&pem::Pem::new("CERTIFICATE", der.to_vec()));
    let (request, ..) = asked(
        r#"{ client_credentials: { token_url: "https://login.example.com/t/oauth2/v2.0/token", client_id: app,
             client_auth: certificate, key: "{secret.key}", certificate: "{secret.certificate}", scopes: ["https://graph/.default"] } }"#,
        &[("key", KEY), ("certificate", &certificate)],
        token("token-one"),
    )
    .await;
    let (header, _) = verified(&form(&request)["client_assertion"], jsonwebtoken::Algorithm::PS256);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der);
    assert_eq!(header["x5t#S256"], URL_SAFE_NO_PAD.encode(digest));
    assert_eq!(header["alg"], "PS256");
}

#[tokio::test]
async fn a_service_account_acts_for_its_subject() {
    let key = json!({ "type": "service_account", "client_email": "foo@bar.com", "private_key": KEY,
                      "private_key_id": "id-1", "token_uri": "https://login.example.com/token" });
    let auth = r#"{ google_service_account: { key: "{secret.key}", subject: admin@example.com, scopes: [s1, s2],
                   token_url: "https://login.example.com/token" } }"#;
    let (request, _, redactor) =
        asked(auth, &[("key", &key.to_string())], token("token-one")).await;
    let form = form(&request);
    assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let (header, claims) = verified(&form["assertion"], jsonwebtoken::Algorithm::RS256);
    assert_eq!(header["kid"], "id-1");
    let now = start().as_second();
    for (claim, value) in [
        ("iss", json!("foo@bar.com")),
        ("sub", json!("admin@example.com")),
        ("scope", json!("s1 s2")),
        ("aud", json!("https://login.example.com/token")),
        ("iat", json!(now)),
        ("exp", json!(now + 3600)),
    ] {
        assert_eq!(claims[claim], value);
    }
    let shown = redactor.mask(KEY).into_owned();
    assert_eq!(shown, "***");
    // A key file of another endpoint is not sent there, nor here.
    let other = poll_auth(&auth.replace("login.example.com", "oauth2.example.com"));
    let (credentials, _) = World::new([]).credentials();
    let given = secrets(&[("key", &key.to_string())]);
    let error =
        credentials.authorize("okta", &other, &given, &mut super::request()).await.unwrap_err();
    assert!(error.to_string().contains("write its `token_uri` as `token_url`"), "{error}");
}

#[tokio::test]
async fn a_key_that_is_json_is_taken_where_the_file_says() {
    let auth = r#"{ jwt_bearer: { token_url: "https://login.example.com/token", key: "{secret.key}", algorithm: HS512,
                    key_file: { key: app.secret, issuer: app.name } } }"#;
    let key = json!({ "app": { "secret": "shared secret", "name": "me" } }).to_string();
    let (request, _, redactor) = asked(auth, &[("key", &key)], token("token-one")).await;
    let form = form(&request);
    let (signed, signature) = form["assertion"].rsplit_once('.').unwrap();
    let key = jsonwebtoken::DecodingKey::from_secret(b"shared secret");
    let algorithm = jsonwebtoken::Algorithm::HS512;
    assert!(jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, algorithm).unwrap());
    let claims = URL_SAFE_NO_PAD.decode(signed.split('.').nth(1).unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&claims).unwrap()["iss"], "me");
    assert_eq!(redactor.mask("shared secret"), "***");
    let (credentials, _) = World::new([]).credentials();
    for (key, message) in [
        ("s3cr3t", "`key` in `poll.auth` is not JSON"),
        (r#"{ "app": { "secret": "s3cr3t" } }"#, "`key` in `poll.auth` has no text at `app.name`"),
        (
            r#"{ "app": { "secret": ["s3cr3t"] } }"#,
            "`key` in `poll.auth` has no text at `app.secret`",
        ),
    ] {
        let given = secrets(&[("key", key)]);
        let failed =
            credentials.authorize("okta", &poll_auth(auth), &given, &mut super::request()).await;
        let error = failed.unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
        assert!(!format!("{error:?}").contains("s3cr3t"));
    }
}

#[tokio::test]
async fn an_app_asks_for_its_installations_token() {
    let answered = answer(201, &[], r#"{"token":"ghs_1234","expires_at":"2026-11-24T11:00:00Z"}"#);
    let auth = r#"{ github_app: { app_id: "12", installation_id: "{secret.installation}", key: "{secret.key}" } }"#;
    let (request, sent, _) = asked(auth, &[("key", KEY), ("installation", "34")], answered).await;
    assert_eq!(request.url.as_str(), "https://api.github.com/app/installations/34/access_tokens");
    let jwt = request.headers[AUTHORIZATION].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    let (_, claims) = verified(jwt, jsonwebtoken::Algorithm::RS256);
    let now = start().as_second();
    assert_eq!(
        (&claims["iss"], &claims["iat"], &claims["exp"]),
        (&json!("12"), &json!(now - 60), &json!(now + 300))
    );
    assert_eq!(sent.headers[AUTHORIZATION], "Bearer ghs_1234");
}

#[tokio::test]
async fn a_password_goes_as_json_where_the_file_says_so_and_the_token_is_where_it_says() {
    let answered = answer(200, &[], r#"{"result":{"jwt":"tok-1234","until":1795518000000}}"#);
    let (request, sent, redactor) = asked(
        r#"{ password: { token_url: "https://login.example.com/token", username: u, password: "{secret.password}",
             params: { tenant: t }, body: json, answer: { token: result.jwt, expires_at: result.until } } }"#,
        &[("password", "pa\"ss")],
        answered,
    )
    .await;
    let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
    assert_eq!(
        body,
        json!({ "grant_type": "password", "username": "u", "password": "pa\"ss", "tenant": "t" })
    );
    assert_eq!(sent.headers[AUTHORIZATION], "Bearer tok-1234");
    assert_eq!(redactor.mask("pa\\\"ss tok-1234"), "*** ***");
}

#[tokio::test]
async fn an_assertion_stands_for_a_user() {
    let (request, ..) = asked(
        r#"{ jwt_bearer: { token_url: "https://login.example.com/token", key: "{secret.key}", algorithm: HS256,
             issuer: me, subject: you, claims: { box_sub_type: enterprise }, life: 45s } }"#,
        &[("key", "shared secret")],
        token("token-one"),
    )
    .await;
    let form = form(&request);
    let (signed, signature) = form["assertion"].rsplit_once('.').unwrap();
    let key = jsonwebtoken::DecodingKey::from_secret(b"shared secret");
    let algorithm = jsonwebtoken::Algorithm::HS256;
    assert!(jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, algorithm).unwrap());
    let claims = signed.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!((&claims["sub"], &claims["box_sub_type"]), (&json!("you"), &json!("enterprise")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 45);
}

#[tokio::test]
async fn a_key_that_is_none_is_told_without_it() {
    let (credentials, _) = World::new([]).credentials();
    let auth = poll_auth(
        r#"{ client_credentials: { token_url: "https://login.example.com/token", client_id: c,
             client_auth: private_key_jwt, key: "{secret.key}" } }"#,
    );
    for key in ["s3cr3t no key", PUBLIC] {
        let given = secrets(&[("key", key)]);
        let failed = credentials.authorize("okta", &auth, &given, &mut request()).await;
        let error = failed.unwrap_err();
        assert!(
            error.to_string().starts_with("`key` in `poll.auth` is not an RSA private key"),
            "{error}"
        );
        assert!(!format!("{error:?}").contains("s3cr3t"));
    }
}
