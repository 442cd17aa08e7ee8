//! Limits and rules about errors that would do nothing, or harm.

use std::time::Duration;

use mef_source::checked::{Early, PollLimits};
use mef_source::load;

use crate::mistakes::report;
use crate::{OKTA, no_files};

fn limits(written: &str) -> PollLimits {
    let text = OKTA.replacen("  records:", &format!("  limits: {written}\n  records:"), 1);
    load(&text, &no_files).unwrap().source.poll.unwrap().limits
}

#[test]
fn rates_and_thresholds_are_read() {
    for (rate, millis) in
        [("0.5/s", 2_000), ("30/min", 2_000), ("1000/h", 3_600), ("1/h", 3_600_000)]
    {
        let spacing = limits(&format!("{{ rate: {rate} }}")).spacing;
        assert_eq!(spacing, Some(Duration::from_millis(millis)), "{rate}");
    }
    assert_eq!(limits("{ early: 10 }").early, Early::Requests(10));
    assert_eq!(limits("{ early: 0.1 }").early, Early::Fraction(0.1));
    assert_eq!(limits("{}").early, Early::Requests(0));
}

#[test]
fn as_many_partitions_are_read_at_once_as_fit_into_memory() {
    let at_once = |more: &str| {
        let text = OKTA.replacen("  records:", &format!("{more}  records:"), 1);
        load(&text, &no_files).unwrap().source.poll.unwrap().partitions_at_once()
    };
    assert_eq!(at_once(""), 2);
    assert_eq!(at_once("  max_page: 32MiB\n"), 4);
    assert_eq!(at_once("  max_page: 8MiB\n  limits: { at_once: 7 }\n"), 7);
    assert_eq!(at_once("  max_page: 8MiB\n  limits: { at_once: 32 }\n"), 16);
    assert_eq!(at_once("  max_page: 512MiB\n"), 1);
}

#[test]
fn limits_and_rules_that_cannot_be_meant() {
    let limits = |text: &str| format!("  limits: {text}\n  records:");
    let errors = |text: &str| format!("  errors:\n{text}  records:");
    let rule = |when: &str, action: &str| format!("    - when: {when}\n      do: {action}\n");
    let changes = [
        ("rate without a time", limits("{ rate: 30 }")),
        ("rate of nothing", limits("{ rate: 0/s }")),
        ("negative rate", limits("{ rate: -1/s }")),
        ("rate that is a schedule", limits("{ rate: 0.01/h }")),
        ("rate slower than the schedule", limits("{ rate: 30/h }")),
        ("none at once", limits("{ at_once: 0 }")),
        ("all of it left", limits("{ early: 1.5 }")),
        ("threshold in words", limits("{ early: some }")),
        ("header of the limit", limits("{ limit: \"a b\" }")),
        ("form of the reset", limits("{ reset_format: ms }")),
        ("every answer", errors(&rule("{}", "retry"))),
        ("every good answer", errors(&rule("{ status: 2xx }", "ignore"))),
        ("some good answers", errors(&rule("{ status: [201, 202] }", "retry"))),
        ("redirects", errors(&rule("{ status: 3xx }", "fail"))),
        ("status in words", errors(&rule("{ status: forbidden }", "fail"))),
        ("class that is none", errors(&rule("{ status: 9xx }", "fail"))),
        ("unknown action", errors(&rule("{ status: 403 }", "panic"))),
        ("header's name", errors(&rule("{ header: { \"a b\": x } }", "fail"))),
        ("expression", errors(&rule("{ body: { code: { matches: \"(\" } } }", "fail"))),
        ("value that is an object", errors(&rule("{ body: { code: { a: b } } }", "fail"))),
        ("nothing to compare with", errors(&rule("{ body: { code: null } }", "fail"))),
        ("errors that are lost", errors(&rule("{ status: [404, 403] }", "ignore"))),
        ("no token to renew", errors(&rule("{ status: 419 }", "reauthenticate"))),
        (
            "never reached, by class",
            errors(&(rule("{ status: 5xx }", "fail") + &rule("{ status: 503 }", "retry"))),
        ),
        (
            "never reached, by condition",
            errors(
                &(rule("{ body: { code: a } }", "fail")
                    + &rule("{ status: 403, body: { code: a, why: b } }", "limit")),
            ),
        ),
        (
            "reached",
            errors(
                &(rule("{ status: 403, body: { code: a } }", "limit")
                    + &rule("{ status: [403, 404] }", "fail")),
            ),
        ),
    ];
    let cases: Vec<_> =
        changes.iter().map(|(name, to)| (*name, "  records:", to.as_str())).collect();
    insta::assert_snapshot!(report(OKTA, &cases));
}
