//! Bodies, later requests and ways to the next page that could not work.

use crate::OKTA;
use crate::mistakes::{report, said};

#[test]
fn requests_with_the_wrong_body() {
    let cases = [
        ("body of a get", "    query:", "    json: {}\n    query:"),
        ("two targets", "    query:", "    post: https://a.example.com/\n    query:"),
        ("no target", "    get: \"https://{var.domain}/api/v1/logs\"\n", ""),
        ("two bodies", "    get:", "    json: {}\n    form: {}\n    post:"),
        ("body of no kind", "    get:", "    body: x\n    post:"),
        ("kind of no body", "    get:", "    content_type: text/xml\n    post:"),
        ("no kind", "    get:", "    body: x\n    content_type: xml\n    post:"),
        ("place in a body", "    get:", "    json: { a: [\"{window.begin}\"] }\n    post:"),
        (
            "page without a next",
            "{ link: next }",
            "{ token: { from: a, query: b } }\n  then: { query: { c: \"{page.number}\" } }",
        ),
        ("page of a first request", "limit: 1000", "limit: \"{page.token}\""),
        ("unknown of a run", "limit: 1000", "limit: \"{run.number}\""),
        ("no records", "  records: \"\"\n", ""),
        ("records twice", "  records: \"\"", "  records: \"\"\n  record: \"\""),
    ];
    insta::assert_snapshot!(report(OKTA, &cases));
}

#[test]
fn later_requests_that_cannot_be_meant() {
    let token = "{ token: { from: a, query: b } }";
    let cases = [
        ("nothing later", "  next: { link: next }\n", "  then: { repeat: none }\n"),
        ("url of a link", "  next:", "  then: { get: \"https://{var.domain}/\" }\n  next:"),
        ("no such parameter", "  next:", "  then: { repeat: [limit, sort] }\n  next:"),
        ("not a way to repeat", "  next:", "  then: { repeat: some }\n  next:"),
        (
            "another origin",
            "{ link: next }",
            &format!("{token}\n  then: {{ get: \"https://b.example.com/\" }}"),
        ),
        ("body of a get", "{ link: next }", &format!("{token}\n  then: {{ json: {{}} }}")),
        ("header of auth", "  next:", "  then: { headers: { authorization: a } }\n  next:"),
    ];
    insta::assert_snapshot!(report(OKTA, &cases));
}

#[test]
fn ways_to_the_next_page_that_lead_nowhere() {
    let cases = [
        ("nothing takes it", "{ link: next }", "{ token: { from: a } }"),
        ("nothing takes the number", "{ link: next }", "{ page: {} }"),
        ("taken twice", "{ link: next }", "{ token: { from: a, query: b, header: c } }"),
        ("no json body", "{ link: next }", "{ token: { from: a, json: b } }"),
        ("no form", "{ link: next }", "{ page: { form: b } }"),
        ("not our header", "{ link: next }", "{ token: { from: a, header: Host } }"),
        ("no step", "{ link: next }", "{ offset: { query: b, step: 0 } }"),
        ("no header's name", "{ link: next }", "{ url: header. }"),
        (
            "parameters of no link",
            "{ link: next }\n  stop: [no_next, empty_page, same_next]",
            "{ url: next }\n  stop: [{ link_when: { a: b } }]",
        ),
        ("no parameter", "same_next]", "{ link_when: {} }]"),
        ("taken by half", "{ link: next }", "{ link: { rel: next, take: path } }"),
        ("nothing linked", "{ link: next }", "{ link: { rel: \"\" } }"),
        ("total of pages", "same_next]", "{ total: a }]"),
        ("pages of a link", "same_next]", "{ pages: a }]"),
        ("no value", "same_next]", "{ when: {} }]"),
        ("no rule", "same_next]", "{ never: a }]"),
    ];
    insta::assert_snapshot!(report(OKTA, &cases));
}

#[test]
fn a_way_that_a_template_takes_needs_no_other_place() {
    let taken = OKTA.replace(
        "{ link: next }",
        "{ token: { from: a } }\n  then: { get: \"https://{var.domain}/page/{page.token}\" }",
    );
    assert_eq!(said(&taken), "");
    let counted = OKTA
        .replace("{ link: next }", "{ page: {} }")
        .replace("limit: 1000", "p: \"{page.number}\"");
    assert_eq!(said(&counted), "");
}

#[test]
fn lists_of_records_that_cannot_be_meant() {
    let cases = [
        ("no list", "records: \"\"", "records: []"),
        ("no path", "records: \"\"", "records: [a, b..c]"),
        ("twice", "records: \"\"", "records: [a, b, /a]"),
        ("in another", "records: \"\"", "records: [a.b, a]"),
    ];
    insta::assert_snapshot!(report(OKTA, &cases));
}

#[test]
fn formats_that_the_rest_does_not_fit_to() {
    let cases = [
        ("lines with a path", "  records: \"\"", "  records: a\n  decode: { ndjson: {} }"),
        ("rows with a path", "  records: \"\"", "  record: a\n  decode: { csv: {} }"),
        ("text with a path", "  records: \"\"", "  records: a\n  decode: lines"),
        ("records of no kind", "records: \"\"", "records: { keys: data }"),
        ("any trailer", "  records: \"\"", "  decode: { ndjson: { trailer: { has: [] } } }"),
        ("separator", "  records: \"\"", "  decode: { csv: { separator: \", \" } }"),
        ("no line", "  records: \"\"", "  decode: { csv: { after: \"\" } }"),
        ("quotes", "  records: \"\"", "  decode: { csv: { before: 'a,\"b\"' } }"),
        ("no format", "  records: \"\"", "  decode: yaml"),
        ("no compression", "  records: \"\"", "  records: \"\"\n  compression: lzma"),
        (
            "token without a trailer",
            "{ link: next }\n  stop: [no_next, empty_page, same_next]\n  records: \"\"",
            "{ token: { from: a, query: b } }\n  decode: { ndjson: {} }",
        ),
        ("flag in text", "same_next]\n  records: \"\"", "{ unless: more }]\n  decode: lines"),
        ("flag in rows", "same_next]\n  records: \"\"", "{ unless: more }]\n  decode: { csv: {} }"),
    ];
    insta::assert_snapshot!(report(OKTA, &cases));
}

/// The vendor's own cap makes every page short.
#[test]
fn a_short_page_that_may_not_be_the_last_is_warned_of_where_an_empty_one_ends_it_too() {
    let warns = |next: &str| {
        let text = OKTA.replace("{ link: next }", next);
        let text = text.replace("[no_next, empty_page, same_next]", "[{ short_page: 1000 }]");
        let loaded = mef_source::load(&text, &|_| Err(String::new())).unwrap();
        loaded.warnings.iter().any(|warning| warning.message.contains("fewer than 1000"))
    };
    assert!(warns("{ page: { query: p } }"));
    assert!(warns("{ offset: { query: p } }"));
    assert!(!warns("{ link: next }"));
    assert!(!warns("{ token: { from: a, query: b } }"));
}
