//! Token endpoints that give no token.

use super::*;
use crate::credentials::token::endpoint::SENT_ENCODED;

#[tokio::test]
async fn failures_that_may_pass_are_tried_again_and_counted() {
    let world = World::new([
        answer(503, &[], "down"),
        answer(429, &[("retry-after", "5")], ""),
        token("token-one"),
    ]);
    world.answers.lock().unwrap().push_front(Err("transport"));
    let (credentials, _) = world.credentials();
    let (_, authorized) = bearer(&credentials, &oauth("")).await;
    assert_eq!(authorized, Authorized { token_requests: 4, from_cache: false, is_withheld: false });
    let slept = world.slept.lock().unwrap().clone();
    assert_eq!(slept.len(), 3);
    assert!(slept[0] >= Duration::from_millis(500) && slept[0] < Duration::from_secs(1));
    assert!(slept[1] >= Duration::from_secs(1) && slept[1] < Duration::from_secs(2));
    assert_eq!(slept[2], Duration::from_secs(5));
}

#[tokio::test]
async fn failures_that_stay_end_it() {
    let world = World::new([answer(500, &[], "SECRET BODY")]);
    let (error, _) = failure(&world, &oauth("")).await;
    let CredentialError::TokenEndpoint(error) = error else { panic!("{error:?}") };
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    assert_eq!(error, TokenEndpointError::Failing { status, tries: 4 });
    assert_eq!(world.asked(), 4);

    let world = World::new([]);
    world.answers.lock().unwrap().push_back(Err("transport"));
    let (error, _) = failure(&world, &oauth("")).await;
    assert!(matches!(error, CredentialError::Http(HttpError::Transport(_))), "{error:?}");
    assert_eq!(world.asked(), 4);

    // A response that is too large is so again: no second try.
    let world = World::new([]);
    world.answers.lock().unwrap().push_back(Err("too large"));
    let (error, _) = failure(&world, &oauth("")).await;
    assert!(matches!(error, CredentialError::Http(HttpError::TooLarge { .. })), "{error:?}");
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn a_long_limit_is_handed_on_with_its_end() {
    let after = |seconds| start() + SignedDuration::from_secs(seconds);
    for (status, retry_after, until) in [
        (429, "6", after(6)),
        (503, "120", after(120)),
        (429, "Tue, 24 Nov 2026 10:01:30 GMT", after(90)),
        (429, "99999999999", after(86_400)),
    ] {
        let world = World::new([answer(status, &[("retry-after", retry_after)], "")]);
        let (error, _) = failure(&world, &oauth("")).await;
        assert!(matches!(error, CredentialError::Limited { until: u } if u == until), "{error:?}");
        assert_eq!(world.asked(), 1);
    }
    // A limit without a length lasts a minute from when we gave up.
    let world = World::new([answer(429, &[], "")]);
    let (error, _) = failure(&world, &oauth("")).await;
    let until = world.now() + SignedDuration::from_secs(60);
    assert!(matches!(error, CredentialError::Limited { until: u } if u == until), "{error:?}");
    assert_eq!(world.asked(), 4);
}

#[tokio::test]
async fn oauth_errors_say_what_to_do_and_hide_what_they_echo() {
    let body = format!(
        r#"{{"error":"invalid_client","error_description":"bad\nsecret {CLIENT_SECRET}{}","extra":"BODY"}}"#,
        "x".repeat(500)
    );
    let world = World::new([answer(401, &[], &body)]);
    let (error, _) = failure(&world, &oauth("")).await;
    let CredentialError::TokenEndpoint(error) = &error else { panic!("{error:?}") };
    let text = error.to_string();
    assert!(
        text.starts_with("the token endpoint answered `invalid_client` (bad secret ***xxx"),
        "{text}"
    );
    // The secret of this client is another when it is encoded.
    let text = text.strip_suffix(SENT_ENCODED).unwrap();
    assert!(
        text.ends_with("check `client_id`, the secret `client_secret`, and whether `client_auth` is what the vendor wants"),
        "{text}"
    );
    assert!(text.len() < 500 && !format!("{error:?}").contains("BODY"), "{error:?}");
    assert_eq!(world.asked(), 1);

    for (code, hint) in [
        ("invalid_scope", "check `scopes`"),
        ("unauthorized_client", "allow this client"),
        ("invalid_request", "check `params`"),
        ("of_its_own", "check `params`"),
    ] {
        let world = World::new([answer(400, &[], &format!(r#"{{"error":"{code}"}}"#))]);
        let (error, _) = failure(&world, &oauth("")).await;
        let CredentialError::TokenEndpoint(error) = error else { panic!("{error:?}") };
        let start = format!("the token endpoint answered `{code}`: {hint}");
        assert!(error.to_string().starts_with(&start), "{error}");
    }
}

#[tokio::test]
async fn answers_that_are_no_token_are_told_apart_and_never_shown() {
    let status = |code| StatusCode::from_u16(code).unwrap();
    let refused = |code| TokenEndpointError::Status {
        asked: "the token endpoint https://login.example.com/token".to_owned(),
        status: status(code),
        encoded: SENT_ENCODED,
    };
    let unreadable = |path: &str| TokenEndpointError::Unreadable { path: path.to_owned() };
    for (answer, expected) in [
        (answer(404, &[], "<html>PRIVATE"), refused(404)),
        (answer(400, &[], r#"{"PRIVATE":1}"#), refused(400)),
        (answer(400, &[], ""), refused(400)),
        (
            answer(302, &[("location", "https://evil.example.com")], ""),
            TokenEndpointError::Redirect { status: status(302) },
        ),
        (answer(200, &[], "<html>PRIVATE"), unreadable(".")),
        (answer(200, &[], ""), unreadable(".")),
        (
            answer(
                200,
                &[],
                r#"{"access_token":"PRIVATE","token_type":"bearer","expires_in":"PRIVATE"}"#,
            ),
            unreadable("/expires_in"),
        ),
        (
            answer(
                200,
                &[],
                r#"{"access_token":"PRIVATE","token_type":"bearer","expires_in":"2026-12-01T10:00:00Z"}"#,
            ),
            TokenEndpointError::Moment {
                path: "/expires_in".to_owned(),
                right: "expires_at: /expires_in".to_owned(),
            },
        ),
        (
            answer(200, &[], r#"{"access_token":"PRIVATE","token_type":"mac"}"#),
            TokenEndpointError::NotBearer,
        ),
        (
            answer(200, &[], r#"{"access_token":"","token_type":"bearer"}"#),
            TokenEndpointError::NotBearer,
        ),
    ] {
        let world = World::new([answer]);
        let (error, _) = failure(&world, &oauth("")).await;
        assert!(!format!("{error:?} {error}").contains("PRIVATE"), "{error:?}");
        let CredentialError::TokenEndpoint(error) = error else { panic!("{error:?}") };
        assert_eq!(error, expected);
        assert!(!error.to_string().contains("PRIVATE"));
        assert_eq!(world.asked(), 1);
        assert!(world.kept.lock().unwrap().is_empty());
    }
}
