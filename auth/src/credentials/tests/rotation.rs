//! Refresh tokens that change with each use.

use super::*;

fn refresh() -> PollAuth {
    poll_auth(
        r#"{ refresh_token: { token_url: "https://login.example.com/token", client_id: id, client_auth: body,
             client_secret: "{secret.client_secret}", refresh_token: the_token } }"#,
    )
}

fn rotated(access: &str, refresh: &str) -> HttpResponse {
    let body = format!(
        r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":3600,"refresh_token":"{refresh}"}}"#
    );
    answer(200, &[], &body)
}

fn world(answers: impl IntoIterator<Item = HttpResponse>) -> Arc<World> {
    let world = World::new(answers);
    set(&world, "refresh-0");
    world
}

fn set(world: &World, value: &str) {
    world.secrets.lock().unwrap().insert("okta/the_token".to_owned(), value.to_owned());
}

fn stored(world: &World) -> String {
    world.secrets.lock().unwrap()["okta/the_token"].clone()
}

fn sent(world: &World) -> Vec<String> {
    let asked = world.asked.lock().unwrap();
    let form = |request: &HttpRequest| {
        let body = request.body.clone().unwrap();
        let mut pairs = url::form_urlencoded::parse(&body);
        pairs.find(|(name, _)| name == "refresh_token").unwrap().1.into_owned()
    };
    asked.iter().map(form).collect()
}

#[tokio::test]
async fn each_new_refresh_token_is_stored_and_used_the_next_time() {
    let world = world([
        rotated("access-1", "refresh-1"),
        rotated("access-2", "refresh-2"),
        token("access-3"),
    ]);
    let (credentials, redactor) = world.credentials();
    let auth = refresh();
    for (access, refresh) in
        [("access-1", "refresh-1"), ("access-2", "refresh-2"), ("access-3", "refresh-2")]
    {
        assert_eq!(bearer(&credentials, &auth).await.0, format!("Bearer {access}"));
        assert_eq!(stored(&world), refresh);
        assert_eq!(redactor.mask(refresh), "***");
        world.pass(Duration::from_secs(3600));
    }
    assert_eq!(sent(&world), ["refresh-0", "refresh-1", "refresh-2"]);
}

#[tokio::test]
async fn nothing_is_done_with_the_access_token_before_the_new_refresh_token_is_stored() {
    let world = world([rotated("access-1", "refresh-1")]);
    let (credentials, redactor) = world.credentials();
    *world.not_stored.lock().unwrap() = 5;
    let failed = credentials.authorize("okta", &refresh(), &client(), &mut request()).await;
    let error = failed.unwrap_err();
    assert!(
        matches!(&error, CredentialError::Rotation { secret, .. } if secret == "the_token"),
        "{error:?}"
    );
    assert!(error.to_string().contains("authorise again"), "{error}");
    assert!(world.kept.lock().unwrap().is_empty());
    assert_eq!((redactor.mask("refresh-1"), world.asked()), ("***".into(), 1));
    // This process still has it: it is stored before the vendor is asked again.
    assert_eq!(bearer(&credentials, &refresh()).await.0, "Bearer access-1");
    assert_eq!(sent(&world), ["refresh-0", "refresh-1"]);
}

#[tokio::test]
async fn a_store_that_is_back_soon_costs_nothing() {
    let world = world([rotated("access-1", "refresh-1")]);
    *world.not_stored.lock().unwrap() = 3;
    let (credentials, _) = world.credentials();
    assert_eq!(bearer(&credentials, &refresh()).await.0, "Bearer access-1");
    assert_eq!((stored(&world).as_str(), world.asked()), ("refresh-1", 1));
}

/// The process ends between the response and the store.
#[tokio::test]
async fn n12_after_a_crash_the_old_one_is_tried_and_its_refusal_says_what_to_do() {
    let auth = refresh();
    let lost = world([rotated("access-1", "refresh-1")]);
    *lost.not_stored.lock().unwrap() = u32::MAX;
    let (credentials, _) = lost.credentials();
    credentials.authorize("okta", &auth, &client(), &mut request()).await.unwrap_err();
    // The next process has the old one. A vendor with a grace period takes it.
    *lost.not_stored.lock().unwrap() = 0;
    *lost.answers.lock().unwrap() = VecDeque::from([Ok(rotated("access-2", "refresh-2"))]);
    let (next, _) = lost.credentials();
    assert_eq!(bearer(&next, &auth).await.0, "Bearer access-2");
    assert_eq!(
        (sent(&lost), stored(&lost).as_str()),
        (vec!["refresh-0".to_owned(), "refresh-0".to_owned()], "refresh-2")
    );
    // A vendor without one refuses it, and the error comes at once.
    let strict = world([answer(400, &[], r#"{"error":"invalid_grant"}"#)]);
    let (error, _) = failure(&strict, &auth).await;
    let CredentialError::TokenEndpoint(error) = error else { panic!("{error:?}") };
    assert_eq!(
        error.to_string(),
        "the token endpoint answered `invalid_grant`: the refresh token is used up or taken back: \
         authorise again at the vendor and set the secret `the_token`"
    );
    assert_eq!(strict.asked(), 1);
}

/// Within one process, and two that share a store.
#[tokio::test]
async fn n12_two_refreshers_make_one_call() {
    for processes in [1, 2] {
        let world = world([rotated("access-1", "refresh-1"), rotated("access-2", "refresh-2")]);
        let (one, _) = world.credentials();
        let (two, _) = world.credentials();
        let other = if processes == 1 { &one } else { &two };
        let auth = refresh();
        let (a, b) = tokio::join!(bearer(&one, &auth), bearer(other, &auth));
        assert_eq!([a.0, b.0], ["Bearer access-1", "Bearer access-1"]);
        assert_eq!((world.asked(), stored(&world).as_str()), (1, "refresh-1"));
    }
}

#[tokio::test]
async fn what_another_process_did_meanwhile_is_taken() {
    let auth = refresh();
    let gone = || answer(400, &[], r#"{"error":"invalid_grant"}"#);
    let world = world([gone(), rotated("access-2", "refresh-2")]);
    let (credentials, _) = world.credentials();
    // The other one wins between our read and our request.
    let other = Arc::clone(&world);
    let mut sent_request = request();
    let given = client();
    let (authorized, ()) =
        tokio::join!(credentials.authorize("okta", &auth, &given, &mut sent_request), async move {
            set(&other, "refresh-1")
        });
    authorized.unwrap();
    assert_eq!(sent_request.headers[AUTHORIZATION], "Bearer access-2");
    assert_eq!(sent(&world), ["refresh-0", "refresh-1"]);
    assert_eq!(stored(&world), "refresh-2");
}
