//! What goes along to an origin that gets no credential, and what comes of its
//! answers: over real sockets.

use mef_poller::{Budget, RunEnd};

use crate::origins::{failure, ok, run, serve};
use crate::support::Bench;

const SECRET: &str = "s3cr3t-token";

fn answer(status: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: 0\r\n\r\n")
}

fn redirect(to: &str) -> String {
    answer("307 Temporary Redirect", &format!("location: {to}\r\n"))
}

fn page(next: &str) -> String {
    ok(&format!("link: <{next}>; rel=\"next\"\r\n"), "[{\"id\":1}]")
}

/// A source of `request` that may be led to `foreign`.
fn file(auth: &str, request: &str, foreign: &[&str]) -> String {
    format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n  auth: {auth}\n  request: {request}\n  \
         next: {{ link: next }}\n  records: \"\"\n  allow_origins: {foreign:?}\n  \
         cursor: {{ listing: true }}\n"
    )
}

const BEARER: &str = "{ bearer: \"{secret.token}\" }";

#[tokio::test]
async fn a_redirect_takes_no_secret_parameter_to_a_foreign_origin() {
    let by_query = "{ query: { name: k, value: \"{secret.token}\" } }";
    for (auth, more, query) in [
        (by_query, "", "k=s3cr3t-token&a=1"),
        (BEARER, ", query: { k: \"{secret.token}\" }", "k=s3cr3t-token&a=1"),
        // What is made of a secret is known by what was asked.
        (BEARER, ", query: { k: \"{secret.token|upper}\" }", "k=S3CR3T-TOKEN&a=1"),
        (BEARER, ", query: { k: \"{secret.token}\" }", "k=the%20vendors&a=1"),
    ] {
        let (foreign, asked) = serve(vec![ok("", "[]")]);
        let (own, _requests) = serve(vec![redirect(&format!("{foreign}/logs?{query}"))]);
        let request = format!("{{ get: \"{own}/logs\"{more} }}");
        let report = run(&file(auth, &request, &[&foreign])).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{query}: {report:?}");
        let asked = asked.recv().unwrap();
        let expected = if query.contains("vendors") { "k=the%20vendors&a=1" } else { "a=1" };
        assert!(asked.starts_with(&format!("GET /logs?{expected} ")), "{asked}");
    }
}

#[tokio::test]
async fn a_secret_elsewhere_in_a_url_stops_the_request() {
    let (foreign, stolen) = serve(vec![ok("", "[]")]);
    let details = "  details: [{ request: { get: \"{item.u}\" }, records: \"\" }]\n";
    for place in ["logs/s3cr3t-token", "logs?echo=s3cr3t%2Dtoken", "czNjcjN0LXRva2Vu"] {
        let url = format!("{foreign}/{place}");
        let item = ok("", &format!("[{{\"u\":\"{url}\"}}]"));
        for (answer, more) in [(redirect(&url), ""), (page(&url), ""), (item, details)] {
            let (own, _requests) = serve(vec![answer]);
            let request = format!("{{ get: \"{own}/logs\" }}");
            let file = file(BEARER, &request, &[&foreign]) + more;
            let error = failure(run(&file).await);
            assert!(error.contains("SecretElsewhere"), "{place}: {error}");
        }
    }
    assert!(stolen.try_recv().is_err());
}

#[tokio::test]
async fn who_gets_no_credential_sends_none_back_to_who_does() {
    for status in ["302 Found", "307 Temporary Redirect"] {
        let (own, requests) = serve(vec![ok("", "[]")]);
        let back = answer(status, &format!("location: {own}/admin/delete?x=1\r\n"));
        let (foreign, asked) = serve(vec![back]);
        let (first, first_requests) = serve(vec![redirect(&foreign)]);
        let request =
            format!("{{ post: \"{first}/logs\", json: {{ key: \"{{secret.token}}\" }} }}");
        let file = file(BEARER, &request, &[&foreign]) + &format!("  own_origins: [{own:?}]\n");
        let error = failure(run(&file).await);
        assert!(error.contains("Redirect(\"from where no credential goes"), "{error}");
        assert!(first_requests.recv().unwrap().contains(SECRET));
        assert!(asked.recv().unwrap().starts_with("GET / "));
        assert!(requests.try_recv().is_err());
    }
}

#[tokio::test]
async fn a_page_from_elsewhere_does_not_name_one_that_gets_the_credential() {
    let (own, requests) = serve(vec![ok("", "[]")]);
    let (foreign, _asked) = serve(vec![page(&format!("{own}/admin?do=1"))]);
    let (first, _first_requests) = serve(vec![page(&foreign)]);
    let request = format!("{{ post: \"{first}/logs\", json: {{ key: \"{{secret.token}}\" }} }}");
    let file = file(BEARER, &request, &[&foreign]) + &format!("  own_origins: [{own:?}]\n");
    let error = failure(run(&file).await);
    assert!(error.contains("leads back"), "{error}");
    assert!(requests.try_recv().is_err());
}

fn with_token_from(tokens: &str) -> String {
    format!(
        "{{ client_credentials: {{ token_url: \"{tokens}/token\", client_id: me, client_secret: \"{{secret.token}}\" }} }}"
    )
}

fn token() -> String {
    ok(
        "content-type: application/json\r\n",
        "{\"access_token\":\"t0k3n-1\",\"token_type\":\"Bearer\",\"expires_in\":3600}",
    )
}

#[tokio::test]
async fn the_origin_of_tokens_is_not_asked_for_pages() {
    for by_link in [true, false] {
        let (tokens, asked) = serve(vec![token(), ok("", "[{\"id\":2}]")]);
        let inner = format!("{tokens}/internal/admin");
        let answer = if by_link { page(&inner) } else { redirect(&inner) };
        let (own, _requests) = serve(vec![answer]);
        let request = format!("{{ get: \"{own}/logs\" }}");
        let error = failure(run(&file(&with_token_from(&tokens), &request, &[])).await);
        assert!(error.contains("Forbidden"), "{error}");
        assert!(asked.recv().unwrap().starts_with("POST /token "));
        assert!(asked.try_recv().is_err());
    }
}

#[tokio::test]
async fn what_a_foreign_origin_says_of_limits_and_tokens_holds_for_it_alone() {
    let day = "retry-after: 86400\r\n";
    for (refusal, is_limit) in [("401 Unauthorized", false), ("429 Too Many Requests", true)] {
        let (tokens, asked) = serve(vec![token(), token()]);
        let (foreign, _foreign) = serve(vec![answer(refusal, day), answer(refusal, day)]);
        let (own, requests) = serve(vec![redirect(&foreign), ok("", "[]")]);
        let request = format!("{{ get: \"{own}/logs\" }}");
        let text = file(&with_token_from(&tokens), &request, &[&foreign]);
        let bench = Bench::new(1);
        let poller = || bench.poller_on_network(&text);
        let end = poller().run(&Budget::default()).await.end;
        assert_eq!(matches!(end, RunEnd::NotReady { .. }), is_limit, "{end:?}");
        assert_eq!(matches!(end, RunEnd::Failed(_)), !is_limit, "{end:?}");
        let end = poller().run(&Budget::default()).await.end;
        assert!(matches!(end, RunEnd::CaughtUp), "{end:?}");
        asked.recv().unwrap();
        assert!(asked.try_recv().is_err(), "a new token was asked for");
        requests.recv().unwrap();
        assert!(requests.recv().unwrap().contains("Bearer t0k3n-1"));
    }
}

#[tokio::test]
async fn what_may_not_be_followed_is_not_kept() {
    let (foreign, stolen) = serve(vec![ok("", "[]")]);
    let by_link = "next: { url: next }\n  records: items\n  cursor: { next_link: {}, start: 1d }";
    let by_token = "next: { token: { from: next, query: t } }\n  records: items\n  cursor: { token: next, start: 1d }";
    let by_time = "next: { url: next }\n  records: items\n  cursor: { windows: true, overlap: 1m }";
    for (next, way, wanted) in [
        (foreign.clone(), by_link, "ForbiddenNext"),
        (foreign.clone(), by_time, "ForbiddenNext"),
        ("x".repeat(70_000), by_token, "LongNext"),
        (format!("/{}", "x".repeat(70_000)), by_link, "LongNext"),
    ] {
        let poison = ok("", &format!("{{\"items\":[{{\"id\":1}}],\"next\":\"{next}\"}}"));
        let (own, _requests) = serve(vec![poison, ok("", "{\"items\":[{\"id\":1}]}")]);
        let start = if way == by_time { "window.start" } else { "cursor.start" };
        let query = if way == by_token { ", t: \"{cursor.token}\"" } else { "" };
        let text = format!(
            "source: acme\npoll:\n  schedule: rate(1 minute)\n  auth: {BEARER}\n  \
             request: {{ get: \"{own}/logs\", query: {{ since: \"{{{start}}}\"{query} }} }}\n  {way}\n"
        );
        let bench = Bench::new(1);
        let poller = || bench.poller_on_network(&text);
        let error = failure(poller().run(&Budget::default()).await);
        assert!(error.contains(wanted), "{error}");
        let report = poller().run(&Budget::default()).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        // The first run delivered it.
        assert_eq!((report.summary.delivered, report.summary.duplicates), (0, 1));
    }
    assert!(stolen.try_recv().is_err());
}
