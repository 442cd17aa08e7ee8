//! What a file says of a window's bounds: their unit, their zone, and whether they are in it.

use mef_source::checked::{Cursor, Granularity, TimeCursor};
use mef_source::load;

use crate::mistakes::said;
use crate::{OKTA, no_files};

/// The pulled source with these bounds and with this in its cursor.
fn with(since: &str, until: &str, cursor: &str) -> String {
    let quoted = |text: &str| text.replace('"', "\\\"");
    OKTA.replace("{window.start|rfc3339}", &quoted(since))
        .replace("{window.end|rfc3339}", &quoted(until))
        .replace("end_lag: 60s, overlap: 60s, max_window: 1d", cursor)
}

fn cursor(since: &str, until: &str, cursor: &str) -> TimeCursor {
    let poll = load(&with(since, until, cursor), &no_files).unwrap().source.poll.unwrap();
    match poll.cursor {
        Cursor::Time(cursor) => Some(cursor),
        _ => None,
    }
    .unwrap()
}

#[test]
fn the_unit_of_bounds_is_what_the_request_writes_alike() {
    for (since, unit) in [
        ("{window.start|rfc3339}", Granularity::Ms),
        ("{window.start|epoch_us}", Granularity::Ms),
        ("{window.start|date(\"%FT%T%.6f\")}", Granularity::Ms),
        ("{window.start|date(\"%FT%T%.3f\")}", Granularity::Ms),
        ("{window.start|epoch}", Granularity::S),
        ("{window.start|date(\"%F %T\")}", Granularity::S),
        ("{window.start|date(\"%FT%T.000Z\")}", Granularity::S),
        ("{window.start|date(\"%F %H:%M\")}", Granularity::Minute),
        ("{window.start|date(\"%I:%M %p, %d.%m.%y\")}", Granularity::Minute),
        ("{window.start|date(\"%FT%H:%M:00Z\", \"Asia/Kolkata\")}", Granularity::Minute),
        ("{window.start|date(\"%Y%m%dT%H\")}", Granularity::Hour),
        ("{window.start|date(\"%FT%H:00:00Z\")}", Granularity::Hour),
        ("{window.start|date(\"%F\")}T00:00:00Z", Granularity::Day),
        // What is written in parts is as fine as the finest.
        ("{window.start|date(\"%F\")} {window.start|date(\"%H\")}", Granularity::Hour),
    ] {
        assert_eq!(
            cursor(since, "{window.end|rfc3339}", "overlap: 60s").granularity,
            unit,
            "{since}"
        );
    }
}

#[test]
fn a_unit_that_is_said_is_the_vendors_unless_the_request_is_coarser() {
    let hour = "{window.start|date(\"%Y%m%dT%H\")}";
    let until = "{window.end|rfc3339}";
    for (since, said, unit) in [
        ("{window.start|rfc3339}", "us", Granularity::Us),
        ("{window.start|rfc3339}", "minute", Granularity::Minute),
        (hour, "hour", Granularity::Hour),
        (hour, "day", Granularity::Day),
    ] {
        let cursor = cursor(since, until, &format!("overlap: 60s, granularity: {said}"));
        assert_eq!(cursor.granularity, unit);
    }
    assert_eq!(
        said(&with(hour, until, "overlap: 60s, granularity: minute")),
        "13:96: error: `granularity: minute` is finer than `{window.start}` is written in the request \
         (write `granularity: hour`, or leave it out)\n"
    );
    let month = said(&with("{window.start|date(\"%Y-%m\")}", until, "overlap: 60s"));
    assert!(
        month.contains("error: the request writes where the records begin in more than whole days"),
        "{month}"
    );
}

#[test]
fn a_zone_has_a_name_and_all_bounds_are_in_it() {
    let since = "{window.start|date(\"%F %T\", \"Europe/Vienna\")}";
    let zone =
        cursor(since, "{window.end|date(\"%F %T\", \"Europe/Vienna\")}", "overlap: 60s").asks.zone;
    assert_eq!(zone.unwrap().name(), "Europe/Vienna");
    let mixed = said(&with(since, "{window.end|date(\"%F %T\")}", "overlap: 60s"));
    assert!(mixed.contains("in several time zones"), "{mixed}");
    let unknown = said(&with(&since.replace("Vienna", "Wien"), "", "overlap: 60s"));
    assert!(
        unknown.contains("there is no time zone `Europe/Wien`: write a name of the IANA database"),
        "{unknown}"
    );
    let bounds = ("{window.start|rfc3339}", "{window.end|rfc3339}");
    let of_records = |zone: &str| said(&with(bounds.0, bounds.1, &format!("overlap: 60s, {zone}")));
    assert_eq!(of_records("zone: America/New_York, time_format: \"%F %T\""), "");
    assert!(of_records("zone: New York").contains("there is no time zone `New York`"));
    let means_nothing = of_records("zone: America/New_York, time_format: epoch");
    assert!(means_nothing.contains("`zone` means nothing here"), "{means_nothing}");
}

#[test]
fn a_sign_that_leaves_a_start_out_wants_to_be_explained() {
    let of = |since: &str, cursor: &str| said(&with(since, "{window.end|rfc3339}", cursor));
    let warning = of("created gt {window.start|rfc3339}", "end_lag: 60s");
    assert!(warning.contains("warning: `gt` before `{window.start}` may leave out"), "{warning}");
    for cursor in [
        "end_lag: 60s, bounds: { start: exclusive }",
        "end_lag: 60s, bounds: { start: inclusive, end: exclusive }",
        // What is left out is asked for again.
        "overlap: 60s",
    ] {
        assert_eq!(of("created gt {window.start|rfc3339}", cursor), "", "{cursor}");
    }
    assert_eq!(of("created ge {window.start|rfc3339}", "end_lag: 60s"), "");
    let text = with("{window.start|rfc3339}", "x", "overlap: 60s, bounds: { end: inclusive }");
    assert!(said(&text).contains("`bounds.end` means nothing"), "{}", said(&text));
}

#[test]
fn a_time_that_is_none_is_seen_before_a_record_has_it() {
    let of = |timestamp: &str| {
        said(&OKTA.replace("category: okta", &format!("category: okta, timestamp: {timestamp}")))
    };
    for (timestamp, why) in [
        ("yesterday", "it is always `yesterday`"),
        ("[a]", "it is a list"),
        ("\"at {published}\"", "it has the character `a`"),
        ("\"{published|date(\\\"%d.%m.%Y\\\")}\"", "it is written like `01.01.1970`"),
    ] {
        let said = of(timestamp);
        assert!(
            said.contains(&format!("error: `timestamp` is no time: {why}")),
            "{timestamp}: {said}"
        );
    }
    for timestamp in [
        "\"{published}\"",
        "\"{day}T{time}Z\"",
        "2026-11-24T10:00:00Z",
        "\"{published|date(\\\"%F %T\\\")}\"",
        "\"{seconds|from_epoch}\"",
    ] {
        assert_eq!(of(timestamp), "", "{timestamp}");
    }
}

#[test]
fn a_severity_that_is_none_is_seen_before_a_record_has_it() {
    let of = |severity: &str| {
        let map = format!("category: okta, severity: {severity}");
        let lookups = "event: { lookups: { words: { high: ERROR, low: notice }, numbers: { high: ERROR, low: 3 } }, ";
        said(&OKTA.replace("category: okta", &map).replace("event: { ", lookups))
    };
    for (severity, why) in [
        ("banana", "it is always `banana`"),
        ("3", "it is always `3`"),
        ("[ERROR]", "it is a list"),
        ("{ pick: [level] }", "it is an object"),
        ("\"sev-{level}\"", "it has the text `sev-`"),
        ("\"{level|lookup(numbers)|default(\\\"INFO\\\")}\"", "its table makes `3` of `low`"),
        ("\"{level|lookup(words)|default(\\\"none\\\")}\"", "its default is `none`"),
        ("\"{level|default(\\\"high\\\")|upper}\"", "its default is `high`"),
    ] {
        let said = of(severity);
        assert!(
            said.contains(&format!("error: `severity` is no severity: {why}")),
            "{severity}: {said}"
        );
    }
    for severity in [
        "NOTICE",
        "emergency",
        "\"{level}\"",
        "\"{level|upper}\"",
        "\"{level|lookup(words)|default(\\\"INFO\\\")}\"",
        "\"{a}ERROR{b}\"",
        "{ jq: .level }",
    ] {
        assert_eq!(of(severity), "", "{severity}");
    }
}
