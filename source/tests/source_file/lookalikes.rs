//! Mistakes of which it is clear what was meant: what looks like something else of
//! the language, or of another one.

use crate::OKTA;
use crate::mistakes::{report, said};

#[test]
fn keys_with_dots_and_paths_in_braces() {
    let cases = [
        ("annotation", "{ link: next }", "{ url: \"@odata.nextLink\" }"),
        ("annotation inside", "{ link: next }", "{ url: a/b.x.value@odata.nextLink }"),
        ("annotation in a template", "category: okta", "category: \"{@odata.etag}\""),
        ("braces", "{ link: next }", "{ token: { from: \"{meta.next}\", query: b } }"),
        ("braces and a filter", "records: \"\"", "records: \"{data|default(1)}\""),
    ];
    insta::assert_snapshot!(report(OKTA, &cases));
    for meant in ["/@odata.nextLink", "@odata", "/a{b}", "@metadata.next"] {
        let file = OKTA.replace("{ link: next }", &format!("{{ url: \"{meant}\" }}"));
        assert_eq!(said(&file), "", "{meant}");
    }
}

#[test]
fn variables_that_look_like_templates() {
    let cases = [
        ("secret", "domain: example.okta.com", "domain: \"{secret.domain}\""),
        ("variable", "domain: example.okta.com", "domain: a.example.com, b: [\"x{var.domain}\"]"),
    ];
    insta::assert_snapshot!(report(OKTA, &cases));
    let braces = OKTA.replace("domain: example.okta.com", "domain: example.okta.com, b: \"{x}\"");
    assert_eq!(said(&braces), "");
}

#[test]
fn braces_of_another_language() {
    let cases = [
        ("graphql", "\"query {\\n events(first: 10) {\\n nodes { id }\\n }\\n}\""),
        ("flat graphql", "\"query { viewer }\""),
        ("json", "\"{\\\"a\\\": 1}\""),
        ("no such word", "\"{window_start}\""),
    ];
    let cases = cases.map(|(name, query)| (name, format!("json: {{ query: {query} }}\n    post:")));
    let cases: Vec<_> = cases.iter().map(|(name, to)| (*name, "get:", to.as_str())).collect();
    insta::assert_snapshot!(report(OKTA, &cases));
    let escaped =
        "json: { query: \"query {{ events(since: {window.start|json}) {{ id }} }}\" }\n    post:";
    assert_eq!(said(&OKTA.replace("get:", escaped)), "");
}

#[test]
fn programs_where_templates_stand() {
    let cases = [
        ("parameter", "limit: 1000", "limit: { jq: \".a\" }"),
        ("id", "event: {", "event: { id: { jq: \".uuid\" },"),
        ("id in a block", "event: { map: { category: okta } }", "event:\n  id:\n    jq: .uuid"),
        ("body", "get:", "json: { a: [{ jq: \"now\" }] }\n    post:"),
        ("an object, and no program", "limit: 1000", "limit: { a: b }"),
    ];
    insta::assert_snapshot!(report(OKTA, &cases));
}
