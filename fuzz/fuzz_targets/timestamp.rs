//! The signed time, in each unit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mef_fuzz::{Noise, refuse, webhook};

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (unit, time) = input;
    let unit = ["s", "ms", "rfc3339"][usize::from(unit) % 3];
    let webhook = webhook(&format!(
        r#"hmac: {{ hash: sha256, secrets: [s], text: "{{timestamp}}.{{body}}",
           signature: {{ from: header.x-sig, encoding: hex }},
           timestamp: {{ from: header.x-time, unit: {unit}, max_age: 36525d, max_future: 36525d }} }}"#
    ));
    let headers = vec![(1, b"00".to_vec()), (3, time)];
    let noise = Noise { query: String::new(), headers, body: Vec::new() };
    refuse(&webhook.expect("the checks load"), noise.request());
});
