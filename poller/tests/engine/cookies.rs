//! Cookies that a vendor sets while its pages are read.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mef_poller::{Budget, Poller, RunEnd};
use mef_ports::{Http, HttpError, HttpRequest, HttpResponse};

use crate::scripted::Scripted;
use crate::support::{Bench, answer, source};

/// A job is created, and its pages are read; the second page is on another origin of the vendor.
const FILE: &str = "source: acme\npoll:\n  schedule: rate(1 minute)\n  auth: { bearer: \"{secret.token}\" }\n  \
                    setup: [ { request: { post: \"https://api.example.com/jobs\", json: {} }, values: { job: id } } ]\n  \
                    request: { get: \"https://api.example.com/jobs/{setup.job}\" }\n  \
                    next: { url: next }\n  records: items\n  cursor: { listing: true }\n  \
                    own_origins: [\"https://eu.example.com\"]\n  allow_origins: [\"https://cdn.example.net\"]\n";

/// Keeps the host and the cookies of each request.
struct Noted {
    script: Arc<Scripted>,
    cookies: Mutex<Vec<String>>,
}

#[async_trait]
impl Http for Noted {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let cookie = request.headers.get("cookie").map_or("-", |value| value.to_str().unwrap());
        let line = format!("{} {cookie}", request.url.host_str().unwrap());
        self.cookies.lock().unwrap().push(line);
        self.script.send(request).await
    }
}

fn sets(cookie: &str, body: &str) -> HttpResponse {
    answer(200, &[("set-cookie", format!("{cookie}; Path=/; Secure; HttpOnly"))], body)
}

fn page(next: &str) -> String {
    format!("{{\"items\":[],\"next\":\"{next}\"}}")
}

async fn cookies_of(bench: &Bench, file: &str, answers: Vec<HttpResponse>) -> Vec<String> {
    let vendor = Noted { script: Scripted::answers(answers), cookies: Mutex::default() };
    let vendor = Arc::new(vendor);
    let poller = Poller::new(source(file), vendor.clone(), bench.ports()).unwrap();
    let report = poller.run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    std::mem::take(&mut *vendor.cookies.lock().unwrap())
}

fn answers() -> Vec<HttpResponse> {
    vec![
        sets("JOB=node-1", "{\"id\":\"7\"}"),
        sets("LB=a", &page("https://eu.example.com/jobs/7?page=2")),
        sets("EU=b", &page("https://api.example.com/jobs/7?page=3")),
        sets("LB=c", &page("https://cdn.example.net/jobs/7?page=4")),
        sets("CDN=d", &page("")),
    ]
}

#[tokio::test]
async fn the_cookies_of_a_job_go_with_its_pages_to_the_origin_that_set_them() {
    let bench = Bench::new(0);
    let file = format!("{FILE}  cookies: true\n");
    let expected = [
        "api.example.com -",
        "api.example.com JOB=node-1",
        "eu.example.com -",
        "api.example.com JOB=node-1; LB=a",
        "cdn.example.net -",
    ];
    assert_eq!(cookies_of(&bench, &file, answers()).await, expected);
    let again = cookies_of(&bench, &file, answers()).await;
    assert_eq!(again[0], "api.example.com -", "the next run begins without any");
}

#[tokio::test]
async fn without_the_key_no_cookie_is_kept() {
    let sent = cookies_of(&Bench::new(0), FILE, answers()).await;
    assert!(sent.len() == 5 && sent.iter().all(|line| line.ends_with(" -")), "{sent:?}");
}
