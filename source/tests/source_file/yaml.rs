//! What YAML can do to a file, on purpose or by accident.

use std::fmt::Write as _;

use mef_source::load;
use proptest::prelude::*;

use crate::mistakes::said;
use crate::{GITHUB, OKTA, no_files};

/// Ten times ten times ten … elements, in a place where lists are allowed.
fn bomb(levels: usize) -> String {
    let mut text = "source: x\npoll:\n  vars:\n    a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..levels {
        let aliases = vec![format!("*a{}", level - 1); 10].join(",");
        writeln!(text, "    a{level}: &a{level} [{aliases}]").unwrap();
    }
    text
}

fn nested(depth: usize) -> String {
    format!("{GITHUB}    hostname: {}{}\n", "[".repeat(depth), "]".repeat(depth))
}

#[test]
fn what_yaml_refuses() {
    let cases = [
        ("aliases that grow", bomb(9)),
        ("nesting", nested(5_000)),
        ("an alias inside its anchor", format!("{GITHUB}    hostname: &a [*a]\n")),
        ("an alias without an anchor", format!("{GITHUB}    hostname: *a\n")),
        ("a key twice in free form", format!("{GITHUB}    hostname: {{ a: 1, a: 2 }}\n")),
        ("a key twice in a table", format!("{GITHUB}  lookups: {{ l: {{ a: 1 }}, l: {{}} }}\n")),
        ("a tab before a key", "source: x\nwebhook:\n\tunauthenticated: y\n".to_owned()),
        ("NUL", "source: x\0\n".to_owned()),
        ("an escaped NUL", "source: \"x\\0\"\nwebhook: { unauthenticated: y }\n".to_owned()),
        ("two documents", format!("{GITHUB}---\n{GITHUB}")),
        ("a quote left open", GITHUB.replace("\"{body}\"", "\"{body}")),
        ("a key too far left", GITHUB.replace("  delivery_id", " delivery_id")),
        ("a word", "hello\n".to_owned()),
        ("a comment", "# nothing\n".to_owned()),
        ("infinity", format!("{GITHUB}    processid: .inf\n")),
        ("a number above all", format!("{GITHUB}    processid: 1e400\n")),
    ];
    let report = cases.iter().fold(String::new(), |mut report, (name, text)| {
        writeln!(report, "# {name}\n{}", said(text)).unwrap();
        report
    });
    insta::assert_snapshot!(report);
}

#[test]
fn a_few_aliases_and_levels_are_no_bomb() {
    let text = format!("{}    processname: [&a [x], *a, *a]\n", nested(20));
    assert_eq!(said(&text), "");
}

#[test]
fn what_begins_and_ends_a_document_is_no_part_of_it() {
    let plain = format!("{:?}", load(GITHUB, &no_files).unwrap().source.webhook);
    for text in [
        format!("\u{feff}{GITHUB}"),
        format!("---\n{GITHUB}"),
        format!("{GITHUB}...\n"),
        GITHUB.replace('\n', "\r\n"),
    ] {
        let loaded = load(&text, &no_files).unwrap();
        assert_eq!(format!("{:?}", loaded.source.webhook), plain, "{text:?}");
    }
}

#[test]
fn columns_count_characters() {
    let text = "source: x\nwebhook: { unauthenticated: \"äöü\", methods: [GET] }\n";
    assert!(said(text).contains("2:46: error: `GET`"), "{}", said(text));
}

proptest! {
    /// A stretch of a good file is exchanged for what YAML cares about.
    #[test]
    fn whatever_is_wrong_has_a_place(
        text in prop_oneof![Just(GITHUB), Just(OKTA)],
        at in 0_usize..800,
        without in 0_usize..30,
        put in "[]\\[{}:,&*!|>'\"%@`#~?<\\-\\n\\ta-c. ]{0,8}",
    ) {
        let end = at.saturating_add(without).min(text.len());
        let (Some(before), Some(after)) = (text.get(..at), text.get(end..)) else { return Ok(()) };
        let text = format!("{before}{put}{after}");
        let problems = load(&text, &no_files).map_or_else(|problems| problems, |ok| ok.warnings);
        for problem in problems {
            let line = problem.place.map_or(0, |place| place.line);
            let lines = u64::try_from(text.lines().count()).unwrap() + 1;
            prop_assert!((1..=lines).contains(&line), "{problem}\n{text}");
        }
    }
}
