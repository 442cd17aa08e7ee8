//! Programs that would not end, and what stops them.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::made;

/// The time that the slowest may take without optimization, on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

fn stopped(program: &str, record: &str, why: &str) {
    let start = Instant::now();
    let given = made(program, record);
    let reason = given.expect_err(program);
    assert!(reason.contains(why), "{program}: {reason}");
    assert!(start.elapsed() < LONGEST, "{program}: {:?}", start.elapsed());
}

fn numbers(count: usize) -> String {
    json!((0..count).collect::<Vec<_>>()).to_string()
}

#[test]
fn loops_in_loops_are_stopped() {
    let long = "takes too long";
    stopped(
        "[.[] as $a | .[] as $b | .[] as $c | .[] as $d | select(false)]",
        &numbers(1_000),
        long,
    );
    stopped(
        "[(1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | empty]",
        "1",
        long,
    );
    // `try` catches errors, but not the end of the budget.
    stopped("[.[] as $a | .[] as $b | .[] as $c | try error catch empty]", &numbers(1_000), long);
    stopped("[.[] as $a | .[] as $b | (.[] |= (error)?) | empty]", &numbers(1_000), long);
}

#[test]
fn growing_values_are_stopped() {
    let much = "makes too much";
    stopped("reduce .[] as $n (\"x\"; . + .)", &numbers(64), much);
    stopped("reduce .[] as $n ([1]; . + .)", &numbers(64), much);
    stopped("[limit(1; reduce .[] as $n (1; [., .]))] | tojson", &numbers(64), much);
    stopped("reduce .[] as $n (1; [., .])", &numbers(64), much);
    let twice = "(reduce .[] as $n (1; [., .])) == (reduce .[] as $n (1; [., .]))";
    stopped(twice, &numbers(64), "takes too long");
    stopped(". * 1000000000", "\"x\"", "not repeated");
}

#[test]
fn deep_values_are_stopped() {
    stopped("reduce .[] as $n (1; [.])", &numbers(101), "100 levels");
    stopped("reduce .[] as $n ({}; {a: .})", &numbers(101), "100 levels");
    stopped("reduce .[] as $n (null; .a = {b: .})", &numbers(101), "100 levels");
    assert!(made("reduce .[] as $n (1; [.]) | tojson", &numbers(100)).is_ok());
}

#[test]
fn much_honest_work_is_done() {
    let records: Vec<_> = (0..10_000)
        .map(|n| json!({"k": format!("key {n}"), "v": [n, "text of some length"]}))
        .collect();
    let record = json!(records).to_string();
    for program in [
        "map({key: .k, value: .v}) | from_entries | length",
        "reduce .[] as $r ({}; . + {($r.k): $r.v}) | length",
        "map(.k) | join(\", \") | length",
        "map(.k) | add | length",
        "reduce .[] as $r ([]; . + [$r.k]) | length",
        "[.[] | select(.v[0] > 5000)] | group_by(.v[0] % 10) | map(length) | add",
        "map(.k | gsub(\"[0-9]\"; \"x\")) | unique | length",
        "[.. | strings] | length",
        "walk(if type == \"number\" then tostring else . end) | length",
        "map(.v[1] |= ascii_upcase) | length",
    ] {
        let given = made(program, &record);
        assert!(given.is_ok(), "{program}: {given:?}");
    }
}
