//! The grammar of signature headers, with separators made of noise too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mef_fuzz::{Noise, refuse, webhook};

fuzz_target!(|input: (char, char, bool, bool, Noise)| {
    let (split, pair, has_split, inherit, noise) = input;
    // JSON's strings are YAML's.
    let split = if has_split { format!("split: {:?}, ", split.to_string()) } else { String::new() };
    let bare = if inherit { "inherit" } else { "refuse" };
    let checks = format!(
        r#"hmac: {{ hash: sha256, secrets: [s], text: "{{body}}", signature: {{ from: [header.x-sig, "header.x-sig-#"],
           {split}pair: {:?}, take: [v1], bare: {bare}, encoding: hex }} }}"#,
        pair.to_string()
    );
    // Some separators are refused when the file is read.
    if let Some(webhook) = webhook(&checks) {
        refuse(&webhook, noise.request());
    }
});
