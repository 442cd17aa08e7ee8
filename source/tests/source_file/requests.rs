//! Requests that would not be what they look like, and cursors that would
//! never find anything.

use mef_source::checked::{Cursor, Granularity};
use mef_source::load;

use crate::mistakes::{report, said};
use crate::{OKTA, no_files};

#[test]
fn requests_that_contradict_themselves() {
    let cases = [
        ("parameter twice", "/api/v1/logs", "/api/v1/logs?limit=1"),
        ("values of none", "limit:", "a: [], limit:"),
        ("values of values", "limit:", "a: [[1], { b: 2 }], limit:"),
        ("secret among values", "limit:", "a: [1, \"{secret.a}\"], limit:"),
        ("fragment", "/api/v1/logs", "/api/v1/logs#top"),
        ("credentials", "https://{var.domain}", "https://u:p@{var.domain}"),
        ("variable of nothing", "domain: example.okta.com", "domain:"),
        ("variable that is a list", "domain: example.okta.com", "domain: [a]"),
        ("too deep", "{var.domain}", "{var.domain.name}"),
        ("secret too deep", "{secret.api_token}", "{secret.api.token}"),
        ("header twice", "  next:", "    headers: { Accept: a, accept: b }\n  next:"),
        ("not ours", "  next:", "    headers: { Host: a }\n  next:"),
        ("no header's name", "  next:", "    headers: { \"a b\": a }\n  next:"),
        ("header of auth", "  next:", "    headers: { authorization: a }\n  next:"),
        ("parameter of auth", "{ header: { name: Authorization,", "{ query: { name: limit,"),
        ("header without a name", "name: Authorization", "name: \"\""),
        ("parameter without a name", "{ header: { name: Authorization,", "{ query: { name: \"\","),
        ("credential in the file", "SSWS {secret.api_token}", "SSWS 123"),
        ("no table", "/api/v1/logs", "/api/v1/{var.domain|lookup(paths)}"),
        ("relation", "{ link: next }", "{ link: \"\" }"),
        ("token's parameter", "{ link: next }", "{ token: { from: a, query: \"\" } }"),
        ("limit's header", "  records:", "  limits: { reset: \"a b\" }\n  records:"),
        ("password in an origin", "  records:", "  allow_origins: [https://u:p@h]\n  records:"),
        ("port from a secret", "{var.domain}/", "{var.domain}:{secret.port}/"),
        ("host cut by a backslash", "{var.domain}/", "{var.domain}\\\\{secret.x}/"),
        (
            "domain alone, which is a constant",
            "https://{var.domain}/api/v1/logs",
            "https://{var.domain}",
        ),
    ];
    insta::assert_snapshot!(report(OKTA, &cases));
}

#[test]
fn bearer_and_a_header_of_that_name_exclude_each_other() {
    let text = OKTA
        .replace(
            "{ header: { name: Authorization, value: \"SSWS {secret.api_token}\" } }",
            "{ bearer: \"{secret.t}\" }",
        )
        .replace("  next:", "    headers: { authorization: a }\n  next:");
    insta::assert_snapshot!(
        said(&text),
        @"8:10: error: the header `authorization` is set by `auth` and by `request` (leave it to `auth`)"
    );
}

#[test]
fn cursors_that_find_nothing() {
    let closed = OKTA.replace("event: {", "event: { schema: schema.json,");
    let cases = [
        ("time and id outside the schema", "source: okta", "source: okta"),
        ("id inside, time outside", "id: uuid", "id: id"),
        (
            "token with settings of windows",
            "time: published, id: uuid, order: ascending",
            "token: next, order: ascending, granularity: s, time_format: epoch",
        ),
    ];
    insta::assert_snapshot!(report(&closed, &cases));
    let split = closed.replace("schema: schema.json,", "schema: schema.json, split: events,");
    assert_eq!(said(&split), "", "a cursor looks at the page's records, before they are split");
}

#[test]
fn a_window_as_long_as_its_overlap_and_unit_gets_further() {
    let with = |cursor: &str| said(&OKTA.replace("overlap: 60s, max_window: 1d", cursor));
    assert_eq!(with("granularity: day"), "");
    let tight = with("overlap: 60s, max_window: 61s, granularity: s");
    assert!(tight.contains("warning: a window brings less"), "{tight}");
    assert!(!tight.contains("error"), "{tight}");
    assert!(with("overlap: 60s, max_window: 60s, granularity: s").contains("error"));
    assert!(with("overlap: 60s, max_window: 1d, granularity: day").contains("error"));
}

#[test]
fn bounds_are_rounded_to_what_the_request_writes() {
    let unit = |start: &str| {
        let text = OKTA.replace("{window.start|rfc3339}", start);
        let text = text.replace(", max_window: 1d", "");
        let Cursor::Time(cursor) = load(&text, &no_files).unwrap().source.poll.unwrap().cursor
        else {
            panic!("{start}")
        };
        cursor.granularity
    };
    assert_eq!(unit("{window.start|date(\\\"%Y-%m-%d\\\")}"), Granularity::Day);
    assert_eq!(unit("{window.start|date(\\\"%d.%m.%y %H:%M:%S\\\")}"), Granularity::S);
    assert_eq!(unit("{window.start|epoch}"), Granularity::S);
    assert_eq!(unit("{window.start|epoch_ms}"), Granularity::Ms);
    assert_eq!(unit("{window.start|date(\\\"%FT%T%.3f\\\")}"), Granularity::Ms);
}

#[test]
fn a_limit_header_is_a_name_with_or_without_its_root() {
    let limit = |name: &str| {
        let text =
            OKTA.replace("  records:", &format!("  limits: {{ remaining: {name} }}\n  records:"));
        load(&text, &no_files).unwrap().source.poll.unwrap().limits.remaining
    };
    assert_eq!(limit("header.X-Left").as_deref(), Some("x-left"));
    assert_eq!(limit("X-Left"), limit("header.x-left"));
}

#[test]
fn a_variable_of_the_poll_is_a_constant_of_its_events() {
    let text = OKTA.replace("category: okta", "category: \"{var.domain}\"");
    let event = load(&text, &no_files).unwrap().source.poll.unwrap().event;
    assert_eq!(event.vars["domain"], "example.okta.com");
}

#[test]
fn events_that_could_not_be_told_apart() {
    let cases = [
        ("constant id", "event: {", "event: { id: same,"),
        ("pick among others", "category: okta", "details: { pick: [a], x: y }"),
        ("pick and omit", "category: okta", "details: { pick: [a], omit: [b] }"),
        ("too deep", "category: okta", "category: \"{secret.a.b} {var.domain.x}\""),
        ("cursor in an event", "category: okta", "category: \"{cursor.token}\""),
    ];
    insta::assert_snapshot!(report(OKTA, &cases));
    assert_eq!(said(&OKTA.replace("category: okta", "category: \"{/secret/x}\"")), "");
}

#[test]
fn what_webhook_and_poll_share_is_told_once() {
    let both = OKTA
        .replace(
            "poll:",
            "webhook: { verify: [{ token: { from: header.t, secrets: [t] } }] }\npoll:",
        )
        .replace(
            "event: { map: { category: okta } }",
            "event: { id: \"{uuid}\", map: { category: \"{uuid|foo}\" } }",
        );
    assert_eq!(said(&both).matches("there is no filter").count(), 1, "{}", said(&both));
}
