//! What decides a cursor's kind, and what each kind does not go with.

use mef_source::checked::{Cursor, FiltersBy, RestartFrom};
use mef_source::load;

use crate::mistakes::{report, said};
use crate::{OKTA, no_files};

const QUERY: &str = "since: \"{window.start|rfc3339}\", until: \"{window.end|rfc3339}\"";
const CURSOR: &str = "time: published, id: uuid, order: ascending, start: 7d, end_lag: 60s, overlap: 60s, max_window: 1d";

/// The pulled source with another query and cursor.
fn with(query: &str, cursor: &str) -> String {
    let text = OKTA.replace(QUERY, query).replace(CURSOR, cursor);
    assert!(!text.contains(QUERY) || query == QUERY);
    assert!(!text.contains(CURSOR) || cursor == CURSOR);
    text
}

fn cursor(text: &str) -> Cursor {
    load(text, &no_files).unwrap().source.poll.unwrap().cursor
}

#[test]
fn the_keys_and_the_request_decide_the_kind() {
    let pair = "since: \"{cursor.time|rfc3339}\", after: \"{cursor.id}\"";
    let text = with(pair, "time: published, id: uuid, order: ascending, end_lag: 5s");
    assert!(matches!(cursor(&text), Cursor::Id(by) if by.time.is_some() && by.lower_bound));
    let text = with("after: \"{cursor.id}\"", "id: uuid, order: ascending");
    assert!(matches!(cursor(&text), Cursor::Id(by) if by.time.is_none()));
    let text = with("a: b", "id: uuid, order: descending");
    assert!(matches!(cursor(&text), Cursor::Id(by) if !by.lower_bound));
    let text = with("a: b", "time: published, order: descending, overlap: 60s");
    assert!(matches!(cursor(&text), Cursor::Time(by) if !by.lower_bound && !by.upper_bound));
    let restart = "next_link: {}, id: uuid, time: published, restart: { from: time, overlap: 1h }";
    let text = with("since: \"{cursor.start|rfc3339}\"", restart);
    let Cursor::NextLink(by) = cursor(&text) else { panic!("not by link") };
    assert_eq!(by.follow.restart.unwrap().from, RestartFrom::Time);
}

#[test]
fn pages_that_are_counted_while_the_newest_come_first_want_an_id() {
    let warns = |next: &str, cursor: &str| {
        let text = with(QUERY, &format!("time: published, overlap: 60s, end_lag: 60s, {cursor}"));
        said(&text.replace("next: { link: next }", next)).contains("moves to the next page")
    };
    let offset = "next: { offset: { query: skip } }";
    assert!(warns(offset, "order: descending"));
    assert!(warns("next: { page: { query: page } }", "order: descending"));
    assert!(!warns(offset, "order: descending, id: uuid"));
    assert!(!warns(offset, "order: ascending"));
    assert!(!warns("next: { link: next }", "order: descending"));
}

#[test]
fn a_link_outlives_a_change_of_what_is_rewritten_and_no_other() {
    let digest = |query: &str| {
        let text = with(query, "next_link: { rewrite: { query: { limit: 5, since: null } } }");
        let Cursor::NextLink(by) = cursor(&text) else { panic!("not by link") };
        by.digest
    };
    // `limit` stands in the source file already.
    assert_eq!(digest("a: b"), digest("a: b, since: c"));
    assert_ne!(digest("a: b"), digest("a: c"));
}

#[test]
fn what_the_records_time_says_means_nothing_where_the_vendor_goes_by_another() {
    let by_arrival = |more: &str| {
        said(&with(
            QUERY,
            &format!("time: published, id: uuid, overlap: 60s, filters_by: arrival{more}"),
        ))
    };
    assert_eq!(by_arrival(""), "");
    let Cursor::Time(by) = cursor(&with(QUERY, "time: published, filters_by: arrival")) else {
        panic!("not by time")
    };
    assert_eq!(by.filters_by, FiltersBy::Arrival);
    for key in ["order: ascending", "order: descending"] {
        let said = by_arrival(&format!(", {key}"));
        assert!(said.contains("`order` means nothing with `filters_by: arrival`"), "{said}");
    }
    let said = said(&with(QUERY, "windows: true, overlap: 60s, filters_by: arrival"));
    assert!(said.contains("`filters_by` means nothing for records without a time"), "{said}");
}

#[test]
fn a_file_that_delivers_its_overlap_twice_is_warned_of() {
    let keep = OKTA.replace("  records:", "  repeats: keep\n  records:");
    assert!(
        said(&keep).contains("every record of the overlap is delivered twice"),
        "{}",
        said(&keep)
    );
    assert_eq!(said(&keep.replace("overlap: 60s, ", "")), "");
}

#[test]
fn what_does_not_go_together() {
    let windows = with(QUERY, CURSOR);
    let cases = [
        ("no kind", CURSOR, "order: ascending"),
        ("restart of windows", CURSOR, "time: published, overlap: 1m, restart: { from: start }"),
        ("descending, an id of nothing", CURSOR, "id: uuid, order: descending, overlap: 60s"),
        ("windows that are too short", "max_window: 1d", "max_window: 90s"),
        ("a vendor that forgets", "max_window: 1d", "retention: 90s"),
        ("no partition", "  records:", "  partitions: { list: [] }\n  records:"),
        (
            "a partition twice",
            "  records:",
            "  partitions: { list: [a, a, \"\", backfill a] }\n  records:",
        ),
        ("unknown time format", CURSOR, "time: published, overlap: 1m, time_format: iso"),
        ("a format without a date", CURSOR, "time: published, overlap: 1m, time_format: \"%H:%M\""),
        ("unknown restart", CURSOR, "token: a, restart: { from: noon }"),
    ];
    insta::assert_snapshot!(report(&windows, &cases));
}

const SPLIT: &str = "  errors: [{ when: { status: 413 }, do: split_window }]\n  records:";
const AGAIN: &str = "  errors: [{ when: { status: 410 }, do: restart_from_time }]\n  records:";

#[test]
fn what_does_not_go_with_a_place_that_the_vendor_names() {
    let link = with("a: b", "next_link: {}, id: uuid");
    let cases = [
        ("fine", "a: b", "a: c"),
        ("no link to follow", "{ link: next }", "{ token: { from: a, query: b } }"),
        ("window", "a: b", "since: \"{window.start}\""),
        ("token", "a: b", "since: \"{cursor.token}\""),
        (
            "secret in a rewrite",
            "next_link: {}",
            "next_link: { rewrite: { query: { a: \"{secret.b}\" } } }",
        ),
        ("restart without a start", "id: uuid", "id: uuid, restart: { from: start }"),
        ("restart without a time", "id: uuid", "id: uuid, restart: { from: time }"),
        ("partition of none", "a: b", "a: \"{partition}\""),
        ("window to split", "  records:", SPLIT),
        ("rule without a start", "  records:", AGAIN),
    ];
    insta::assert_snapshot!(report(&link, &cases));
    let id = with("after: \"{cursor.id}\"", "id: uuid, order: ascending");
    let cases = [
        ("fine", "order: ascending", "order: ascending"),
        ("all of it each time", "{cursor.id}", "x"),
        ("one page, no order", "  next: { link: next }\n", ""),
        ("half a pair", "order: ascending", "order: ascending, time: published"),
        ("overlap", "order: ascending", "order: ascending, overlap: 5m"),
        ("window to split", "  records:", SPLIT),
        ("rule without a start", "  records:", AGAIN),
    ];
    insta::assert_snapshot!("by_id", report(&id, &cases));
    let pairs = with(
        "after: \"{cursor.id}\", since: \"{cursor.time}\"",
        "id: uuid, time: published, order: ascending",
    );
    let cases = [("window to split", "  records:", SPLIT), ("rule", "  records:", AGAIN)];
    insta::assert_snapshot!("by_time_and_id", report(&pairs, &cases));
    let listing = with("since: \"{cursor.start}\"", "listing: true, id: uuid");
    let cases = [
        ("fine", "uuid", "id"),
        ("no listing", "true", "false"),
        ("order", "id: uuid", "id: uuid, order: ascending"),
        ("window", "cursor.start", "window.start"),
        ("window to split", "  records:", SPLIT),
        ("time to restart from", "  records:", AGAIN),
    ];
    insta::assert_snapshot!("listing", report(&listing, &cases));
}

#[test]
fn an_allowed_origin_may_be_made_of_constants() {
    let text =
        OKTA.replace("  records:", "  allow_origins: [\"https://files.{var.domain}\"]\n  records:");
    let poll = load(&text, &no_files).unwrap().source.poll.unwrap();
    let origins: Vec<_> = poll.allow_origins.iter().map(ToString::to_string).collect();
    assert_eq!(origins, ["https://files.example.okta.com:443"]);
    assert!(said(&text.replace("files.{var.domain}", "{secret.x}")).contains("`secret.x`"));
}

#[test]
fn partitions_are_the_streams_of_a_request_that_uses_them() {
    let text = OKTA
        .replace("query: {", "query: { part: \"{partition}\",")
        .replace("  records:", "  partitions: { list: [north, south] }\n  records:");
    assert_eq!(said(&text), "");
    let partitions = load(&text, &no_files).unwrap().source.poll.unwrap().partitions;
    let list = vec!["north".to_owned(), "south".to_owned()];
    assert_eq!(partitions.unwrap().named(), list);
}

#[test]
fn a_cursor_by_token_keeps_the_token_that_leads_to_the_next_page() {
    let text = with("since: \"{cursor.start|rfc3339}\"", "token: checkpoint, id: uuid");
    let text = text.replace("next: { link: next }", "next: { token: { from: next, query: p } }");
    assert_eq!(
        said(&text),
        "13:20: error: the token is `next` under `next` (the token that leads to the next page is what \
         is kept between runs: write the same path)\n"
    );
}

#[test]
fn a_place_that_the_vendor_keeps_is_asked_for_again() {
    let ask = "op: \"{cursor.start|epoch|default(\\\"\\\")}{cursor.ask|default(\\\"\\\")}\"";
    let text = with(ask, "vendor: true, id: uuid, start: 1h");
    let text = text.replace("next: { link: next }", "next: { again: true }");
    assert_eq!(said(&text), "");
    let cases = [
        ("no vendor", "vendor: true", "vendor: false"),
        ("not again", "again: true", "again: false"),
        ("another way", "again: true", "link: next"),
        ("a listing too", "vendor: true", "vendor: true, listing: true"),
        ("an order", "id: uuid", "order: ascending"),
        ("a token", "cursor.ask", "cursor.token"),
        ("what others ask for", "vendor: true", "listing: true"),
    ];
    insta::assert_snapshot!("vendor", report(&text, &cases));
}

#[test]
fn an_id_is_a_path_or_a_template_that_names_something() {
    let file = |id: &str| with(QUERY, &format!("time: published, id: {id}, overlap: 60s"));
    let id = |text: &str| cursor(&file(text)).id().unwrap().to_string();
    assert_eq!(id("uuid"), "/uuid");
    assert_eq!(id("/a~1b"), "/a~1b");
    assert_eq!(id(r#"'{url|before("?")}'"#), r#"{url|before("?")}"#);
    for (text, expected) in [
        (r#"'{{x}}'"#, "is the same for every record"),
        (r#"'{url|before("")}'"#, "the filter `before` is written"),
        (r#"'{url|cut}'"#, "there is no filter `cut`"),
    ] {
        let said = said(&file(text));
        assert!(said.contains(expected), "{text}: {said}");
    }
}
