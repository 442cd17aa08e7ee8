//! Credentials that are sent as they are.

use super::*;

#[tokio::test]
async fn headers_and_parameters_are_put_in_and_marked() {
    let (credentials, redactor) = World::new([]).credentials();
    let mut sent = request();
    let auth = poll_auth(r#"{ bearer: "{secret.token}" }"#);
    let token = secrets(&[("token", "to ken/+")]);
    let authorized = credentials.authorize("okta", &auth, &token, &mut sent).await.unwrap();
    assert_eq!(authorized, Authorized::default());
    assert_eq!(sent.headers[AUTHORIZATION], "Bearer to ken/+");
    assert!(sent.headers[AUTHORIZATION].is_sensitive());
    assert_eq!(redactor.mask("to ken/+ to%20ken%2F%2B"), "*** ***");

    let auth = poll_auth(r#"{ query: { name: api_key, value: "{secret.token}" } }"#);
    is_send(credentials.authorize("okta", &auth, &token, &mut sent)).await.unwrap();
    assert_eq!(sent.url.query(), Some("a=%7E&b=1&api_key=to+ken%2F%2B"));
    sent.url.set_query(None);
    credentials.authorize("okta", &auth, &token, &mut sent).await.unwrap();
    assert_eq!(sent.url.query(), Some("api_key=to+ken%2F%2B"));

    let auth = poll_auth(r#"{ header: { name: X-Key, value: "{secret.token|sha256_hex}" } }"#);
    credentials.authorize("okta", &auth, &token, &mut sent).await.unwrap();
    let derived = sent.headers["x-key"].to_str().unwrap();
    assert_eq!(redactor.mask(derived), "***");
}

#[tokio::test]
async fn what_a_filter_makes_of_a_secret_is_learnt_beside_the_secret_itself() {
    let (credentials, redactor) = World::new([]).credentials();
    let auth = poll_auth(
        r#"{ header: { name: X-Key, value: "{secret.token}:{secret.token|sha256_hex}" } }"#,
    );
    let token = secrets(&[("token", "to ken/+")]);
    let mut sent = request();
    credentials.authorize("okta", &auth, &token, &mut sent).await.unwrap();
    let sent = sent.headers["x-key"].to_str().unwrap();
    assert_eq!(redactor.mask(sent), "***:***");
}

#[tokio::test]
async fn what_cannot_be_sent_is_an_error_that_names_the_field() {
    let (credentials, _) = World::new([]).credentials();
    let header = poll_auth(r#"{ header: { name: X-Key, value: "{secret.token}" } }"#);
    for (given, message) in [
        (
            secrets(&[]),
            "the value of the header `X-Key` in `poll.auth` stands for nothing: the secret `token` is not there",
        ),
        (
            secrets(&[("token", "s3cret\n")]),
            "the value of the header `X-Key` in `poll.auth` has characters that no header may have",
        ),
    ] {
        let error =
            credentials.authorize("okta", &header, &given, &mut request()).await.unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(!format!("{error:?}").contains("s3cret"));
    }
    let filtered = poll_auth(r#"{ bearer: "{secret.token|rfc3339}" }"#);
    let given = secrets(&[("token", "s3cret")]);
    let error = credentials.authorize("o", &filtered, &given, &mut request()).await.unwrap_err();
    assert!(
        error.to_string().contains("`authorization` in `poll.auth` cannot be rendered"),
        "{error}"
    );
}

#[tokio::test]
async fn secrets_are_fetched_once_by_source_and_learnt() {
    let world = World::new([]);
    world.secrets.lock().unwrap().insert("okta/token".to_owned(), "token-value".to_owned());
    let (credentials, redactor) = world.credentials();
    let names = || ["token", "token"].map(str::to_owned).into_iter();
    let found = credentials.secrets("okta", names()).await.unwrap();
    assert_eq!(found["token"].expose(), "token-value");
    assert_eq!(redactor.mask("<token-value>"), "<***>");
    assert!(credentials.secrets("other", names()).await.is_err());

    let redactor = Redactor::default();
    let wrapped = RedactingSecrets::new(world, redactor.clone());
    let reference = SecretRef { source: "okta".to_owned(), name: "token".to_owned() };
    Secrets::get(&wrapped, &reference).await.unwrap();
    assert_eq!(redactor.mask("token-value"), "***");
    let shown = format!("{credentials:?} {wrapped:?} {found:?}");
    assert!(!shown.contains("token-value"), "{shown}");
}

#[test]
fn a_credentials_name_is_stable_and_holds_no_value() {
    for (auth, name) in [
        (PollAuth::Nothing, "okta/nothing"),
        (poll_auth(r#"{ bearer: "{secret.token}" }"#), "okta/header:authorization/token"),
        (
            poll_auth(r#"{ header: { name: X-Key, value: "{secret.a}:{secret.b}" } }"#),
            "okta/header:x-key/a+b",
        ),
        (poll_auth(r#"{ query: { name: key, value: "fixed" } }"#), "okta/query:key/"),
        (oauth(""), "okta/client_credentials/client_secret"),
    ] {
        assert_eq!(credential_key("okta", &auth), name);
    }
}
