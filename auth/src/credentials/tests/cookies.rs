//! Cookies of a run: what is kept, and where it goes back to.

use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue, Method};
use mef_ports::HttpRequest;

use crate::credentials::CookieJar;
use crate::redact::Redactor;

const JOBS: &str = "https://api.example.com/v1/jobs";

fn keep(jar: &mut CookieJar, url: &str, cookies: &[&str]) -> Redactor {
    let mut headers = HeaderMap::new();
    for cookie in cookies {
        headers.append("set-cookie", HeaderValue::from_str(cookie).unwrap());
    }
    let redactor = Redactor::default();
    jar.keep(&url.parse().unwrap(), &headers, "2026-11-24T10:00:00Z".parse().unwrap(), &redactor);
    redactor
}

fn request(url: &str) -> HttpRequest {
    HttpRequest {
        method: Method::GET,
        url: url.parse().unwrap(),
        headers: HeaderMap::new(),
        body: None,
        max_body: 1,
        timeout: Duration::ZERO,
    }
}

fn sent(jar: &CookieJar, url: &str) -> String {
    let mut request = request(url);
    jar.put(&mut request, &Redactor::default()).unwrap();
    let value = request.headers.get(COOKIE);
    assert!(value.is_none_or(HeaderValue::is_sensitive), "{url}");
    value.map_or("", |value| value.to_str().unwrap()).to_owned()
}

#[test]
fn a_cookie_goes_back_to_the_origin_that_set_it_and_to_no_other() {
    let mut jar = CookieJar::default();
    keep(&mut jar, JOBS, &["s=one; Domain=example.com; Path=/; Secure; HttpOnly"]);
    assert_eq!(sent(&jar, "https://api.example.com/other"), "s=one");
    for other in [
        "http://api.example.com/v1/jobs",
        "https://api.example.com:8443/v1/jobs",
        "https://example.com/v1/jobs",
        "https://a.api.example.com/v1/jobs",
        "https://evil.example/v1/jobs",
    ] {
        assert_eq!(sent(&jar, other), "", "{other}");
    }
}

#[test]
fn the_credential_stays_beside_the_vendors_cookies() {
    let mut jar = CookieJar::default();
    keep(&mut jar, JOBS, &["sid=theirs", "lb=node1"]);
    let mut request = request(JOBS);
    request.headers.insert(COOKIE, HeaderValue::from_static("sid=ours"));
    jar.put(&mut request, &Redactor::default()).unwrap();
    assert_eq!(request.headers[COOKIE], "sid=ours; lb=node1");
}

#[test]
fn a_secure_cookie_is_not_taken_over_http() {
    let mut jar = CookieJar::default();
    keep(&mut jar, "http://127.0.0.1:80/v1/jobs", &["s=one; secure", "t=two"]);
    assert_eq!(sent(&jar, "http://127.0.0.1:80/v1/jobs"), "t=two");
}

#[test]
fn paths_and_replacements_are_those_of_rfc_6265() {
    let mut jar = CookieJar::default();
    keep(&mut jar, JOBS, &["a=folder", "b=root; Path=/", "a=deep; Path=/v1/jobs", "bad", "=x"]);
    assert_eq!(sent(&jar, "https://api.example.com/v1/jobs/7"), "a=deep; b=root");
    assert_eq!(sent(&jar, "https://api.example.com/v1/jobsx"), "a=folder; b=root");
    assert_eq!(sent(&jar, "https://api.example.com/v2"), "b=root");
    keep(&mut jar, JOBS, &["b=newer; path=/", "a=gone; Max-Age=0"]);
    assert_eq!(sent(&jar, "https://api.example.com/v1/x"), "b=newer");
    keep(&mut jar, JOBS, &["b=x; path=/; Expires=Thu, 01-Jan-1970 00:00:00 GMT"]);
    assert_eq!(sent(&jar, "https://api.example.com/v1/x"), "");
}

#[test]
fn a_vendor_cannot_fill_the_memory_with_cookies() {
    let mut jar = CookieJar::default();
    for n in 0..60 {
        keep(&mut jar, JOBS, &[&format!("c{n}=v")]);
    }
    keep(&mut jar, JOBS, &[&format!("long={}", "x".repeat(5_000))]);
    let small = sent(&jar, JOBS);
    assert_eq!(small.split("; ").count(), 50);
    assert!(small.starts_with("c10=v") && small.ends_with("c59=v"), "{small}");
    for n in 0..9 {
        keep(&mut jar, JOBS, &[&format!("d{n}={}", "x".repeat(4_000))]);
    }
    let large = sent(&jar, JOBS);
    assert!(large.len() < 17_000 && large.contains("d8="), "{}", large.len());
}

#[test]
fn a_cookie_is_learnt_again_when_it_is_sent() {
    let mut jar = CookieJar::default();
    keep(&mut jar, JOBS, &["JSESSIONID=node0abcdef0123456789; Path=/"]);
    let redactor = Redactor::default();
    jar.put(&mut request(JOBS), &redactor).unwrap();
    assert_eq!(redactor.mask("no node0abcdef0123456789"), "no ***");
}

#[test]
fn the_value_is_learnt() {
    let redactor =
        keep(&mut CookieJar::default(), JOBS, &["JSESSIONID=node0abcdef0123456789; Path=/"]);
    assert_eq!(redactor.mask("no node0abcdef0123456789"), "no ***");
}
