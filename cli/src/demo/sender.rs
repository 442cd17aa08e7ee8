//! The sample vendor's webhook sender: signed requests, and some that must not get in.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the vendor's side, where our rules do not hold"
)]

use aws_lc_rs::hmac;
use http::StatusCode;
use jiff::Timestamp;
use mef_http::SystemClock;
use mef_ports::Clock as _;
use reqwest::Client;
use serde_json::json;

/// How the requests were answered.
#[derive(Debug, Default)]
pub(super) struct HookCounts {
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    pub(super) refused: u64,
    pub(super) repeats: u64,
}

impl HookCounts {
    pub(super) fn add(&mut self, other: HookCounts) {
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.refused += other.refused;
        self.repeats += other.repeats;
    }
}

/// A webhook before it is signed.
struct Hook {
    delivery: String,
    body: String,
}

impl Hook {
    fn new(delivery: String, title: &str, severity: &str, now: Timestamp) -> Hook {
        let body = json!({
            "occurred_at": now.to_string(),
            "alert": { "title": title, "host": "web-1.example.com", "severity": severity },
        });
        Hook { delivery, body: body.to_string() }
    }
}

/// Sends good webhooks, a forged one, a repeat, and one that breaks its schema.
pub(super) async fn send_first(url: &str, secret: &str) -> anyhow::Result<HookCounts> {
    let client = Client::builder().no_proxy().build()?;
    let now = SystemClock.now();
    let mut counts = HookCounts::default();
    let titles = ["New admin account", "Login from a new country", "Malware quarantined"];
    for (number, title) in titles.into_iter().enumerate() {
        let hook = Hook::new(format!("acme-{number}"), title, "warning", now);
        counts.add(send(&client, url, secret, &hook).await?);
        if number == 0 {
            // The vendor missed the answer, and sends it again.
            counts.add(send(&client, url, secret, &hook).await?);
        }
    }
    let forged = Hook::new("acme-forged".to_owned(), "All is well", "info", now);
    counts.add(send(&client, url, "not-the-secret", &forged).await?);
    let broken = Hook::new("acme-broken".to_owned(), "Unknown severity", "purple", now);
    counts.add(send(&client, url, secret, &broken).await?);
    Ok(counts)
}

/// Sends one good webhook.
pub(super) async fn send_one(url: &str, secret: &str) -> anyhow::Result<HookCounts> {
    let client = Client::builder().no_proxy().build()?;
    let now = SystemClock.now();
    let delivery = format!("acme-{}", now.as_nanosecond());
    let hook = Hook::new(delivery, "Disk almost full", "info", now);
    send(&client, url, secret, &hook).await
}

async fn send(client: &Client, url: &str, secret: &str, hook: &Hook) -> anyhow::Result<HookCounts> {
    let time = SystemClock.now().as_second();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hex::encode(hmac::sign(&key, format!("{time}.{}", hook.body).as_bytes()));
    let mut response = client
        .post(url)
        .header("content-type", "application/json")
        .header("acme-delivery", &hook.delivery)
        .header("acme-signature", format!("t={time},v1={signature}"))
        .body(hook.body.clone())
        .send()
        .await?;
    let mut counts = HookCounts::default();
    let status = response.status();
    // The body is a few bytes of our own server's.
    let first = response.chunk().await?.unwrap_or_default();
    let is_repeat = first.starts_with(br#"{"duplicate""#);
    match status {
        StatusCode::OK if is_repeat => counts.repeats = 1,
        StatusCode::OK => counts.accepted = 1,
        StatusCode::ACCEPTED => counts.rejected = 1,
        StatusCode::UNAUTHORIZED => counts.refused = 1,
        other => anyhow::bail!("the demo's own server answered {other}"),
    }
    Ok(counts)
}
