//! Random programs of the whole allowed language, on random records: nothing
//! panics or overflows, and everything ends.

use mef_source::jq::{Program, allowed};
use proptest::prelude::*;
use proptest::sample::select;

use crate::made;

fn json() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "1e400",
        "-0",
        "9223372036854775807",
        "-9223372036854775808",
        "123456789012345678901234567890",
        "\"\"",
        "\"a\"",
        "\"ö\\u0000\"",
        "\"2026-11-24T10:00:00Z\"",
        "\"1e9\"",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::vec((select(vec!["a", "b", "start", "key", "value"]), inner), 0..4)
                .prop_map(|object| {
                    let mut seen = std::collections::BTreeSet::new();
                    let entries: Vec<_> = object
                        .into_iter()
                        .filter(|(key, _)| seen.insert(*key))
                        .map(|(key, value)| format!("\"{key}\":{value}"))
                        .collect();
                    format!("{{{}}}", entries.join(","))
                }),
        ]
    })
}

fn program() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        ".",
        "..",
        ".a",
        ".[]",
        ".[]?",
        ".a?",
        ".[0]",
        ".[-1]",
        ".[1:]",
        ".[:-1]",
        "1",
        "-1",
        "1e400",
        "0",
        "1.5",
        "9223372036854775807",
        "-9223372036854775808",
        "\"a\"",
        "\"\"",
        "null",
        "[]",
        "{}",
        "$received_at",
        "$parent",
        "$header[\"x\"]",
        "empty",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 60, 4, |inner| {
        let operators = vec![
            "|", ",", "+", "-", "*", "/", "%", "==", "<", "and", "or", "//", "=", "|=", "+=", "-=", "*=", "/=",
            "%=", "//=",
        ];
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            4 => (inner.clone(), select(operators), inner.clone())
                .prop_map(|(a, operator, b)| format!("({a} {operator} {b})")),
            1 => inner.clone().prop_map(|a| format!("[{a}]")),
            1 => two.clone().prop_map(|(a, b)| format!("{{a: {a}, b: ({b})}}")),
            1 => two.clone().prop_map(|(a, b)| format!("{{({a}): ({b})}}")),
            1 => inner.clone().prop_map(|a| format!("\"x\\({a})\"")),
            1 => inner.clone().prop_map(|a| format!("(try ({a}) catch .)")),
            1 => two.clone().prop_map(|(a, b)| format!("(reduce ({a}) as $x (.; {b} | [., $x]))")),
            1 => two.clone().prop_map(|(a, b)| format!("(foreach ({a}) as [$x] (0; {b}; .))")),
            1 => two.clone().prop_map(|(a, b)| format!("({a} as {{a: $y}} | {b})")),
            1 => two.clone().prop_map(|(a, b)| format!("(if {a} then {b} else . end)")),
            1 => two.prop_map(|(a, b)| format!("(.[{a}:{b}])")),
            1 => inner.clone().prop_map(|a| format!("(.[{a}])")),
            5 => (select(allowed().collect::<Vec<_>>()), prop::collection::vec(inner, 3)).prop_map(
                |((name, arities), arguments)| {
                    let arity = arities.last().copied().unwrap_or_default();
                    let mut arguments: Vec<_> = arguments.into_iter().take(arity).collect();
                    let takes_pattern = ["test", "match", "capture", "scan", "splits", "split", "sub", "gsub"];
                    if arity > 1 && takes_pattern.contains(&name) {
                        arguments[0] = "\"(?<x>[a-z]?)*\"".to_owned();
                        arguments[arity - 1] = "\"g\"".to_owned();
                    }
                    match arity {
                        0 => format!("({name})"),
                        _ => format!("({name}({}))", arguments.join("; ")),
                    }
                }
            ),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn allowed_programs_end(program in program(), record in json()) {
        if Program::check(&program, 0).is_ok() {
            // A value or a reason: both are an end.
            let _ = made(&program, &record);
        }
    }

    #[test]
    fn any_text_is_checked(text in "[a-z$.@\\[\\](){}|,;:?+*/%=<>\"'\\\\ \\n0-9-]{0,60}") {
        let _ = Program::check(&text, 0);
    }
}

const WITHIN: [(&str, &str); 3] = [("(", ")"), ("[..|(", ")?]"), ("try (.. |= (", ")) catch .")];

/// Runs the deepest programs that are allowed, on the smallest stack that any of our
/// threads has.
#[test]
fn the_deepest_programs_fit_the_stack() {
    let deepest = |open: &str, middle: &str, close: &str| {
        let program = |n: usize| format!("{}{middle}{}", open.repeat(n), close.repeat(n));
        // Deep, and still deep enough within what it is put into below.
        let inside =
            |n: usize| WITHIN.map(|(before, after)| format!("{before}{}{after}", program(n)));
        let fits = |n: &usize| inside(*n).iter().all(|text| Program::check(text, 0).is_ok());
        let n = (1..400).take_while(fits).last().unwrap_or_default();
        assert!(n > 5, "{open}: {n}");
        inside(n)
    };
    let programs = [
        deepest("[", ".", "]"),
        deepest("(", ".", ")"),
        deepest("{a: ", ".", "}"),
        deepest("-", "1", ""),
        deepest("try ", ".", ""),
        deepest(".|", ".", ""),
        deepest("map(", ".", ")"),
        deepest("with_entries(", ".", ")"),
        deepest(".[] |= (", ".", ")"),
        deepest("reduce . as $x (.; ", ".", ")"),
        deepest("foreach . as $x (.; ", ".", ")"),
        deepest("if . then ", ".", " end"),
        deepest(". as $x | ", ".", ""),
        deepest("\"\\(", ".", ")\""),
        deepest("walk(", ".", ")"),
        deepest("first(", ".", ")"),
        deepest("sort_by(", ".", ")"),
        deepest("", ".a", ".a"),
        deepest("", "1", "+1"),
        deepest("", "1", ",1"),
        deepest("", "1", " // 1"),
        deepest("[.[] | select(", ".", ")]"),
        deepest("del(", ".a", ")"),
        deepest("path(", ".a", ")"),
        deepest("any(", ".a", ")"),
    ];
    // The deepest record.
    let record = format!("{}1{}", "[".repeat(98), "]".repeat(98));
    let run = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(move || {
        for program in programs {
            for record in [record.as_str(), "{\"a\":{}}", "[[1]]"] {
                for program in &program {
                    let _ = made(program, record);
                }
            }
        }
    });
    run.unwrap().join().expect("no program overflows");
}
