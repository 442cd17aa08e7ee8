//! jq programs in source files: what is said about wrong ones, and where.

use crate::mistakes::said;
use crate::no_files;

fn event(text: &str) -> String {
    format!("source: x\nwebhook: {{ unauthenticated: test }}\nevent:\n{text}")
}

/// What is said about a program, without the warning that nobody is checked.
fn about(program: &str) -> String {
    let said = said(&event(&format!("  map:\n    summary:\n      jq: '{program}'\n")));
    said.lines().skip(1).fold(String::new(), |lines, line| lines + line + "\n")
}

#[test]
fn what_may_not_be_said() {
    let programs = [
        "",
        ".a |",
        ".a b",
        "[.a",
        ".a)",
        "\"a",
        "\"\\x\"",
        "{a: }",
        "env",
        "$ENV.HOME",
        "input",
        "now",
        "def f: f; f",
        "last(repeat(1))",
        "[range(1e8)]",
        "[limit(3; recurse(.))]",
        "debug",
        "halt",
        "setpath([]; 1)",
        "until(true; .)",
        "label $out | break $out",
        "foo(1)",
        "map",
        "join(1; 2)",
        "import \"a\" as a; .",
        "$header",
        "$header[.name]",
        "$header | .x",
        "$header[\"a b\"]",
        "$query",
        "$missing",
        ". as $parent | .",
        "test(.pattern)",
        "test(\"(\")",
        "test(\"a\"; \"q\")",
        "sub(\"a\"; \"b\"; .flags)",
        "test(\"(?=a)\")",
        "reduce .[] as $x (0)",
        "foreach .[] as $x (0; 1; 2; 3)",
        "a::b",
        "@csv",
        "getpath",
        "$__loc__",
        "&",
    ];
    let report = programs.iter().fold(String::new(), |report, program| {
        report + "# " + program + "\n" + &about(program) + "\n"
    });
    insta::assert_snapshot!(report);
}

#[test]
fn programs_are_bounded_in_length_and_depth() {
    for (program, why) in [
        ("1+".repeat(5_000) + "1", "longer than 8192 bytes"),
        ("[".repeat(300) + "1" + &"]".repeat(300), "more than 256 brackets"),
        ("[".repeat(90) + "1" + &"]".repeat(90), "80 steps deep"),
        ("-".repeat(90) + "1", "80 steps deep"),
        (vec!["1"; 90].join("+"), "80 steps deep"),
        (vec!["."; 900].join(" as $x|"), "80 steps deep"),
        ("1 ".repeat(2_100), "2000 words"),
    ] {
        let said = about(&program);
        assert!(said.contains(why), "{why}: {said}");
    }
}

/// The place of the wrong word, however YAML has the text.
#[test]
fn a_mistake_is_reported_at_its_word() {
    for (text, line, column) in [
        ("  map: { summary: { jq: .a | nope } }\n", 4, 30),
        ("  map: { summary: { jq: '.a | nope' } }\n", 4, 31),
        ("  map: { summary: { jq: '\"it''s\" | nope' } }\n", 4, 36),
        ("  map: { summary: { jq: \"\\\"ö\\\" | nope\" } }\n", 4, 34),
        ("  map:\n    summary:\n      jq: |\n        .a\n        | nope\n", 8, 11),
        ("  map:\n    summary:\n      jq: >\n        .a\n        | nope\n", 8, 11),
        ("  map:\n    details:\n      x: [{ jq: nope }]\n", 6, 17),
        ("  split: { jq: nope }\n", 4, 16),
    ] {
        let said = said(&event(text));
        let wanted = format!("{line}:{column}: error: `nope` is not a function");
        assert!(said.contains(&wanted), "{text}{said}");
    }
}

#[test]
fn it_stands_alone_and_is_text() {
    let cases = [
        "  map: { details: { jq: \".a\", b: \"{b}\" } }\n",
        "  map: { details: { jq: [.a] } }\n",
        "  split: { jq: $parent.a }\n",
        "  split: { path: a }\n",
        "  split: [a]\n",
    ];
    let report =
        cases.iter().fold(String::new(), |report, case| report + case + &said(&event(case)) + "\n");
    insta::assert_snapshot!(report);
}

#[test]
fn headers_and_parameters_that_a_program_names_are_kept() {
    let text = event(
        "  split: { jq: '.[] | select($query.mode == \"x\")' }\n  map: { details: [{ a: { jq: '$header[\"X-Event\"] + $header.etag' } }] }\n",
    );
    let source = mef_source::load(&text, &no_files).unwrap().source;
    let event = source.webhook.unwrap().event;
    assert_eq!(event.header_names(), ["x-event", "etag"]);
    assert_eq!(event.query_names(), ["mode"]);
    assert_eq!(event.programs, 2);
}
