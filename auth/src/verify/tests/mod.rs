//! Requests as vendors make them, and what attackers make of those.

mod arbitrary;
mod aws_sns;
mod battery;
mod canonical;
mod composed;
mod concealing;
mod explained;
mod grammar;
mod head;
mod jwt;
mod keyless;
mod masking;
mod public_keys;
mod rfc4231;
mod samples;
mod schemes;
mod times;
mod tokens;

use aws_lc_rs::hmac as lc_hmac;
use jiff::Timestamp;
use mef_ports::Secret;
use mef_source::checked::{Check, Webhook};

use super::checks::{self, SingleCheck};
use super::{Denied, LiveSecrets, Verified, verify};
use crate::Request;

/// When all tests take place.
const NOW: i64 = 1_700_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// The webhook of a source file with these checks.
fn webhook(checks: &str) -> Webhook {
    let text = format!(
        "source: test\nwebhook:\n  public_url: https://hooks.example.com/test\n  verify:\n    - {checks}\n"
    );
    let loaded = mef_source::load(&text, &|_| Err("no files".to_owned()));
    loaded.unwrap_or_else(|problems| panic!("{problems:?} in\n{text}")).source.webhook.unwrap()
}

fn secrets(pairs: &[(&str, &str)]) -> LiveSecrets {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect()
}

fn needs_body(check: &Check) -> bool {
    check.singles().into_iter().filter_map(checks::single).any(SingleCheck::needs_body)
}

fn mac(algorithm: lc_hmac::Algorithm, key: &[u8], text: &[u8]) -> Vec<u8> {
    lc_hmac::sign(&lc_hmac::Key::new(algorithm, key), text).as_ref().to_vec()
}

fn sha256_hex(key: &str, text: impl AsRef<[u8]>) -> String {
    hex::encode(mac(lc_hmac::HMAC_SHA256, key.as_bytes(), text.as_ref()))
}

/// A POST to `/test` that can be changed in parts.
#[derive(Clone)]
struct Post {
    method: &'static str,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Post {
    fn new(headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Post {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect();
        Post { method: "POST", query: String::new(), headers, body: body.into() }
    }

    fn request(&self) -> Request {
        Request::new(
            self.method,
            "/test",
            self.query.clone(),
            self.headers.clone(),
            self.body.clone(),
        )
    }

    fn verify(&self, checks: &str, pairs: &[(&str, &str)]) -> Result<Verified, Denied> {
        verify(&webhook(checks), self.request(), &secrets(pairs), now())
    }
}
