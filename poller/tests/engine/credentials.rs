//! Credentials that take an answer of the vendor to be made.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::Method;
use http::header::AUTHORIZATION;
use mef_poller::{Budget, Poller, RunEnd};
use mef_ports::{Http, HttpError, HttpRequest, HttpResponse};
use serde_json::json;

use crate::support::{Bench, answer, source};

/// A vendor that is asked with whatever `judge` takes.
struct Vendor<F> {
    judge: F,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl<F: Fn(&HttpRequest, usize) -> HttpResponse + Send + Sync> Http for Vendor<F> {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let number = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(format!("{} {}", request.method, request.url.path()));
            asked.len()
        };
        Ok((self.judge)(&request, number))
    }
}

fn file(auth: &str) -> String {
    format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n  auth: {auth}\n  \
         request: {{ get: https://api.example.com/events, query: {{ cursor: \"{{cursor.token}}\", start: \"{{cursor.start|rfc3339}}\" }} }}\n  \
         next: {{ token: {{ from: cursor, query: cursor }} }}\n  records: items\n  cursor: {{ token: cursor, id: id, start: 2h }}\n  allow_origins: [\"https://eu.example.com\"]\n"
    )
}

fn page() -> HttpResponse {
    answer(200, &[], &json!({ "items": [{ "id": 1 }], "cursor": null }).to_string())
}

fn header(request: &HttpRequest, name: &str) -> String {
    request.headers.get(name).map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_challenge_is_answered_and_a_stale_one_replaced() {
    let challenge = |nonce: &str| {
        let value = format!("Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\", stale=true");
        answer(401, &[("www-authenticate", value)], "")
    };
    let vendor = Arc::new(Vendor {
        judge: move |request: &HttpRequest, _| match header(request, AUTHORIZATION.as_str()) {
            sent if sent.is_empty() => challenge("one"),
            sent if sent.contains("nonce=\"one\"") => challenge("two"),
            sent if sent.contains("nc=00000001") => page(),
            sent => panic!("{sent}"),
        },
        asked: Mutex::default(),
    });
    let auth = "{ digest: { username: u, password: \"{var.p}\" } }\n  vars: { p: word }";
    let bench = Bench::new(0);
    let poller = Poller::new(source(&file(auth)), vendor.clone(), bench.ports()).unwrap();
    // One answer a page: a vendor that goes on refusing is not asked for ever.
    let report = poller.run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    assert_eq!(vendor.asked.lock().unwrap().len(), 2);
    // The last challenge is kept for the next run.
    let report = poller.run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((bench.delivered().await, vendor.asked.lock().unwrap().len()), (vec![1], 3));
}

#[tokio::test]
async fn a_session_is_begun_once_and_again_when_it_is_refused() {
    let vendor = Arc::new(Vendor {
        judge: |request: &HttpRequest, number| match (&request.method, number) {
            (&Method::POST, _) => {
                let body = json!({ "token": format!("tok-{number}"), "base": "https://eu.example.com/v1" });
                answer(200, &[], &body.to_string())
            }
            // The first session ends at once.
            (_, 2) => answer(401, &[], ""),
            _ => {
                assert_eq!(request.url.host_str(), Some("eu.example.com"));
                assert_eq!(header(request, "cookie"), "S=tok-3");
                page()
            }
        },
        asked: Mutex::default(),
    });
    let auth = "{ session: { login: { post: \"https://api.example.com/login\", form: { p: \"{var.p}\" } }, \
                token: { from: token, send: { cookie: S } }, base_url: { from: base } } }\n  vars: { p: word }";
    let bench = Bench::new(0);
    let poller = Poller::new(source(&file(auth)), vendor.clone(), bench.ports()).unwrap();
    let report = poller.run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(bench.delivered().await, [1]);
    assert_eq!(
        *vendor.asked.lock().unwrap(),
        ["POST /login", "GET /v1/events", "POST /login", "GET /v1/events"]
    );
    assert_eq!(report.summary.requests, 4);
}

#[tokio::test]
async fn what_is_posted_to_a_sessions_base_goes_to_no_other_origin() {
    let vendor = Arc::new(Vendor {
        judge: |request: &HttpRequest, number| match number {
            1 => answer(200, &[], r#"{"token": "t", "base": "https://eu.example.com"}"#),
            2 => {
                assert!(request.body.is_some());
                let elsewhere = "https://us.example.com/events".to_owned();
                answer(307, &[("location", elsewhere)], "")
            }
            _ => {
                assert_eq!(request.url.host_str(), Some("us.example.com"));
                assert_eq!((&request.method, &request.body), (&Method::GET, &None));
                assert!(request.headers.is_empty(), "{:?}", request.headers);
                page()
            }
        },
        asked: Mutex::default(),
    });
    let auth = "{ session: { login: { post: \"https://api.example.com/login\", form: { p: \"{secret.p}\" } }, \
                token: { from: token, send: { cookie: S } }, base_url: { from: base } } }";
    let file = file(auth)
        .replace(
            "get: https://api.example.com/events,",
            "post: https://api.example.com/events, json: { key: \"{secret.key}\" },",
        )
        .replace(
            "[\"https://eu.example.com\"]",
            "[\"https://eu.example.com\", \"https://us.example.com\"]",
        );
    let bench = Bench::new(0);
    let poller = Poller::new(source(&file), vendor.clone(), bench.ports()).unwrap();
    let report = poller.run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(vendor.asked.lock().unwrap().len(), 3);
}
