//! The grammar of signature headers, with separators made of noise too: the first two characters, and a
//! byte whose lowest bits say whether items are split and whether bare ones inherit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mef_fuzz::{refuse, request, webhook};

fuzz_target!(|noise: &str| {
    let mut characters = noise.chars();
    let (Some(split), Some(pair), Some(choice)) =
        (characters.next(), characters.next(), characters.next())
    else {
        return;
    };
    // JSON's strings are YAML's.
    let split = match u32::from(choice) & 1 {
        0 => String::new(),
        _ => format!("split: {:?}, ", split.to_string()),
    };
    let bare = if u32::from(choice) & 2 == 0 { "refuse" } else { "inherit" };
    let checks = format!(
        r#"hmac: {{ hash: sha256, secrets: [s], text: "{{body}}", signature: {{ from: [header.x-sig, "header.x-sig-#"],
           {split}pair: {:?}, take: [v1], bare: {bare}, encoding: hex }} }}"#,
        pair.to_string()
    );
    // Some separators are refused when the file is read.
    if let Some(webhook) = webhook(&checks) {
        refuse(&webhook, request(characters.as_str().as_bytes()));
    }
});
