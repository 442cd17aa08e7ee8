//! The signed time, in each unit.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mef_auth::Request;
use mef_fuzz::{loaded, refuse};
use mef_source::checked::Webhook;

static WEBHOOKS: LazyLock<[Webhook; 3]> = LazyLock::new(|| {
    ["s", "ms", "rfc3339"].map(|unit| {
        loaded(&format!(
            r#"hmac: {{ hash: sha256, secrets: [s], text: "{{timestamp}}.{{body}}",
               signature: {{ from: header.x-sig, encoding: hex }},
               timestamp: {{ from: header.x-time, unit: {unit}, max_age: 36525d, max_future: 36525d }} }}"#
        ))
    })
});

fuzz_target!(|noise: &[u8]| {
    let Some((unit, time)) = noise.split_first() else { return };
    let webhook = &WEBHOOKS[usize::from(*unit) % WEBHOOKS.len()];
    let headers = vec![("x-sig".to_owned(), b"00".to_vec()), ("x-time".to_owned(), time.to_vec())];
    refuse(webhook, Request::new("POST", "/fuzz", "", headers, Vec::new()));
});
