//! Numbers keep the digits that were written.

use mef_source::checked::Mapping;
use mef_source::load;
use serde_json::Value;

use crate::mistakes::said;
use crate::{GITHUB, OKTA, no_files};

fn processid(text: &str) -> Value {
    let text = format!("{GITHUB}    processid: {text}\n");
    let event = load(&text, &no_files).unwrap().source.webhook.unwrap().event;
    let constant = match event.map.get("processid") {
        Some(Mapping::Constant(value)) => Some(value.clone()),
        _ => None,
    };
    constant.unwrap()
}

#[test]
fn constants_are_not_rounded() {
    for digits in ["1.10", "0.1", "-5", "9007199254740993", "18446744073709551616", "1.0"] {
        assert_eq!(processid(digits).to_string(), digits);
    }
    assert_eq!(processid("1.10 # a comment").to_string(), "1.10");
    assert_eq!(processid("\"1.10\"").to_string(), "\"1.10\"");
}

#[test]
fn a_number_in_a_request_is_sent_as_it_was_written() {
    let text = OKTA.replace("limit: 1000", "api-version: 1.10");
    let request = load(&text, &no_files).unwrap().source.poll.unwrap().pages.request;
    let (_, value) = request.query.iter().find(|(name, _)| name == "api-version").unwrap();
    assert_eq!(value.as_literal(), Some("1.10"));
}

#[test]
fn a_variable_keeps_its_digits_in_the_url() {
    let text =
        OKTA.replace("domain: example", "v: 2.10, domain: example").replace("/v1/", "/{var.v}/");
    let request = load(&text, &no_files).unwrap().source.poll.unwrap().pages.request;
    assert_eq!(request.url.as_literal(), Some("https://example.okta.com/api/2.10/logs"));
}

#[test]
fn what_only_some_programs_read_as_a_number_is_asked_about() {
    let said = |text: &str| said(&format!("{GITHUB}    processid: {text}\n"));
    insta::assert_snapshot!(
        [said("007"), said("0x10"), said("1_000"), said("+5"), said(".5")].concat(),
        @r#"
    16:16: error: `007` is a number to some programs and text to others (write `"007"` or `7.0`)
    16:16: error: `0x10` is a number to some programs and text to others (write `"0x10"` or `16`)
    16:16: error: `1_000` is a number to some programs and text to others (write `"1_000"` or `1000`)
    16:16: error: `+5` is a number to some programs and text to others (write `"+5"` or `5`)
    16:16: error: `.5` is a number to some programs and text to others (write `".5"` or `0.5`)
    "#
    );
    assert_eq!(said("1e3") + &said("-0.5") + &said("0"), "");
}
