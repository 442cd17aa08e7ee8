//! What templates give.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mef_source::template::{Lookups, Rendered, Variables};
use mef_source::{Path, Root, Template};
use proptest::prelude::*;
use serde_json::{Value, json};

const ROOTS: &[Root] = &[Root::Record, Root::Header, Root::ReceivedAt];

struct Scope(Value);

impl Variables for Scope {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        match path.root() {
            Root::Header => Rendered::text((path.name() == "x-event").then_some("ping")),
            Root::ReceivedAt => {
                Rendered::Time("2026-11-24T10:00:00.5Z".parse::<Timestamp>().unwrap())
            }
            _ => Rendered::json(path.find(&self.0)),
        }
    }
}

fn lookups() -> Lookups {
    let levels =
        BTreeMap::from([("high".to_owned(), json!("CRITICAL")), ("n".to_owned(), json!(7))]);
    Lookups::from([("levels".to_owned(), levels)])
}

fn render(template: &str, record: &str) -> Value {
    let scope = Scope(serde_json::from_str(record).unwrap());
    let template = Template::parse(template, ROOTS, &lookups()).unwrap();
    template.render(&scope).unwrap().into_json()
}

#[test]
fn one_placeholder_keeps_the_type_and_the_digits() {
    let record = r#"{"n":9007199254740993,"f":1.10,"e":1e+400,"b":true,"l":[1,{"x":2}],"o":{"k":null},"s":""}"#;
    for (template, expected) in [
        ("{n}", "9007199254740993"),
        ("{f}", "1.10"),
        ("{e}", "1e+400"),
        ("{b}", "true"),
        ("{l}", r#"[1,{"x":2}]"#),
        ("{l.1.x}", "2"),
        ("{/o}", r#"{"k":null}"#),
        ("{s}", r#""""#),
        ("{o.k}", "null"),
        ("{missing}", "null"),
        ("{/}", record),
    ] {
        assert_eq!(render(template, record).to_string(), expected, "{template}");
    }
}

#[test]
fn longer_texts_and_filters() {
    let record = r#"{"a":"Änn","n":5,"tags":["x","y"],"t":"2026-11-24T11:00:00.999+01:00","ms":-1,"s":"1795514400.25","us":1795514400250000,"local":"2026-11-28 11:45:29","u":"a b/ü&","sev":"high","brace":"{}"}"#;
    for (template, expected) in [
        ("{a} has {n}", json!("Änn has 5")),
        ("{a} has {nothing}", json!(null)),
        ("{a} has {nothing|default(\"none\")}", json!("Änn has none")),
        ("{nothing|default(3)}", json!(3)),
        ("{{{a}}}", json!("{Änn}")),
        ("{brace}", json!("{}")),
        ("{header.X-Event}!", json!("ping!")),
        ("{a|lower|upper}", json!("ÄNN")),
        ("{tags|join(\" | }\")}", json!("x | }y")),
        ("{a|ip}", json!(null)),
        ("{a|ip|default(\"none\")}", json!("none")),
        ("{u|pieces(4)}", json!(["a b/", "ü&"])),
        ("{tags|json|pieces(32766)}", json!(["[\"x\",\"y\"]"])),
        ("{received_at}", json!("2026-11-24T10:00:00.5Z")),
        ("{t|rfc3339}", json!("2026-11-24T10:00:00.999Z")),
        ("{t|epoch}", json!(1_795_514_400)),
        ("{t|epoch_ms}", json!(1_795_514_400_999_i64)),
        ("{t|epoch_us}", json!(1_795_514_400_999_000_i64)),
        ("{t|epoch_ns}", json!(1_795_514_400_999_000_000_i64)),
        ("{t|rfc3339_s}", json!("2026-11-24T10:00:00Z")),
        ("{t|rfc3339_ms}", json!("2026-11-24T10:00:00.999Z")),
        ("{ms|from_epoch_ms|rfc3339_s}", json!("1969-12-31T23:59:59Z")),
        ("{ms|from_epoch_ms|rfc3339_ms}", json!("1969-12-31T23:59:59.999Z")),
        ("{t|epoch|text}", json!("1795514400")),
        ("{ms|from_epoch_ms|epoch}", json!(-1)),
        ("{s|from_epoch|rfc3339}", json!("2026-11-24T10:00:00.25Z")),
        ("{s|text|rfc3339}", json!("2026-11-24T10:00:00.25Z")),
        ("{us|rfc3339}", json!("2026-11-24T10:00:00.25Z")),
        ("{us|from_epoch_us|rfc3339}", json!("2026-11-24T10:00:00.25Z")),
        ("{n|from_epoch_ns|epoch_ns}", json!(5)),
        ("{local|rfc3339}", json!("2026-11-28T11:45:29Z")),
        ("{local|date(\"%d.%m.\")}", json!("28.11.")),
        ("{t|date(\"%Y-%m-%d\")}", json!("2026-11-24")),
        ("{n|plus(100)}", json!(105)),
        ("{n|text|plus(-6)}", json!(-1)),
        ("{ms|plus(1)} of {nothing|plus(1)|default(2)}", json!("0 of 2")),
        ("{s|before(\".\")}", json!("1795514400")),
        ("{s|after(\".\")|after(\"2\")}", json!("5")),
        ("{a|before(\"?\")}{a|after(\"?\")}", json!("ÄnnÄnn")),
        ("{nothing|before(\"?\")}", json!(null)),
        ("{n|before(\"5\")}", json!("")),
        ("{u|urlencode}", json!("a%20b%2F%C3%BC%26")),
        ("{a|base64}", json!("w4Rubg==")),
        (
            "{a|sha256_hex}",
            json!("af2d5e76134650e99a11133ec268716720af599c0fa0ace84bf4da1b31f8343b"),
        ),
        ("{sev|lookup(levels)}", json!("CRITICAL")),
        ("{a|lookup(levels)|default(\"INFO\")}", json!("INFO")),
        ("{tags|json}", json!("[\"x\",\"y\"]")),
        ("{nothing} {a}", json!(null)),
        ("{nothing|default(\"\")} {a}", json!(" Änn")),
        ("{nothing|upper|default(\"a\\\"}|{b\")}", json!("a\"}|{b")),
        ("{tags.1}{tags.0}", json!("yx")),
        ("{tags.2}", json!(null)),
        ("{t|date(\"%d/%b/%Y:%H:%M:%S %z\")}", json!("24/Nov/2026:10:00:00 +0000")),
        ("{ms|from_epoch_ms}", json!("1969-12-31T23:59:59.999Z")),
        ("{n|from_epoch|epoch_ms}", json!(5_000)),
        ("}}{{", json!("}{")),
        ("", json!("")),
    ] {
        assert_eq!(render(template, record), expected, "{template}");
    }
}

#[test]
fn a_filter_that_cannot_take_the_value_is_an_error() {
    let scope = Scope(json!({"a": "x", "o": {}, "half": 0.5, "most": i128::MAX.to_string()}));
    for template in [
        "{a|rfc3339}",
        "{a|join(\",\")}",
        "{o|upper}",
        "{a|from_epoch}",
        "x{o}",
        "{a|plus(1)}",
        "{o|plus(1)}",
        "{half|plus(1)}",
        "{most|plus(1)}",
    ] {
        let template = Template::parse(template, ROOTS, &Lookups::new()).unwrap();
        assert!(template.render(&scope).is_err(), "{template:?}");
    }
}

#[test]
fn a_time_in_a_format_of_the_vendors_is_read() {
    let record =
        r#"{"us":"11/24/2026 10:00:00","day":20261124,"gmt":"Tue, 24 Nov 2026 10:00:00 GMT"}"#;
    for (template, expected) in [
        ("{us|from_date(\"%m/%d/%Y %H:%M:%S\")}", json!("2026-11-24T10:00:00Z")),
        ("{us|from_date(\"%m/%d/%Y %H:%M:%S\")|epoch}", json!(1_795_514_400)),
        ("{day|from_date(\"%Y%m%d\")}", json!("2026-11-24T00:00:00Z")),
        ("{gmt|from_date(\"%a, %d %b %Y %H:%M:%S %Z\")}", json!("2026-11-24T10:00:00Z")),
        ("{nothing|from_date(\"%F %T\")}", json!(null)),
    ] {
        assert_eq!(render(template, record), expected, "{template}");
    }
    let unread = Template::parse("{us|from_date(\"%F %T\")}", ROOTS, &lookups()).unwrap();
    assert!(unread.render(&Scope(serde_json::from_str(record).unwrap())).is_err());
    for argument in ["", "1", "\"%H:%M\"", "\"epoch\"", "\"%F %I:%M\""] {
        let template = format!("{{us|from_date({argument})}}");
        let error = Template::parse(&template, ROOTS, &lookups()).unwrap_err().to_string();
        assert!(error.contains("from_date(") || error.contains("it needs"), "{template}: {error}");
    }
}

#[test]
fn what_is_added_is_a_whole_number() {
    for argument in ["", "1.5", "\"1\"", "a", "1, 2", "99999999999999999999"] {
        let template = format!("{{a|plus({argument})}}");
        let error = Template::parse(&template, ROOTS, &Lookups::new()).unwrap_err().to_string();
        assert!(error.contains("plus("), "{template}: {error}");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "[{}|()\",a-z\\\\./ ~é]{0,40}") {
        let _ = Template::parse(&text, ROOTS, &lookups());
    }

    #[test]
    fn escaped_text_stands_for_itself(text in "\\PC{0,40}") {
        let escaped = text.replace('{', "{{").replace('}', "}}");
        let template = Template::parse(&escaped, ROOTS, &Lookups::new()).unwrap();
        prop_assert_eq!(template.as_literal(), Some(text.as_str()));
    }
}
