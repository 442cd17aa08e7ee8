//! What is wrong with a program, and where.

use std::ops::Range;

use jaq_core::load::lex::{Error, Expect};

/// What is wrong with a program, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
    /// Where in the text, in bytes.
    pub at: Range<usize>,
}

impl Fault {
    /// Tells what the lexer expected, and what it found instead.
    pub(super) fn of_lexer(text: &str, (expected, found): &Error<&str>) -> Fault {
        let start = span(text, found).start;
        let first = found.chars().next().map_or(0, char::len_utf8);
        // The lexer's own text for delimiters panics at one that it does not know.
        let expected = match expected {
            Expect::Delim("(") => "the `)` of an open `(`",
            Expect::Delim("[") => "the `]` of an open `[`",
            Expect::Delim("{") => "the `}` of an open `{`",
            Expect::Delim(_) => "the closing quote of a text",
            Expect::Digit => "a digit",
            Expect::Ident => "a name",
            Expect::Escape => "one of the escapes of JSON",
            Expect::Unicode => "four hexadecimal digits of a character",
            _ => "something that jq knows",
        };
        Fault::unexpected(text, expected, start..start + first)
    }

    /// Tells what the parser expected, and what it found instead: `None` is the
    /// end of `text`.
    pub(super) fn of_parser(text: &str, expected: &str, found: Option<&str>) -> Fault {
        let at = found.map_or(text.len()..text.len(), |found| span(text, found));
        let expected = match expected {
            "nothing" => "the end".to_owned(),
            "term" => "a value".to_owned(),
            word if word.contains(' ') || word.len() > 8 => word.to_owned(),
            word => format!("`{word}`"),
        };
        Fault::unexpected(text, &expected, at)
    }

    fn unexpected(text: &str, expected: &str, at: Range<usize>) -> Fault {
        let found = text.get(at.clone()).unwrap_or_default();
        let found: String = found.chars().take(20).collect();
        let message = if found.is_empty() {
            format!("this jq program ends where {expected} is expected")
        } else {
            format!("jq expects {expected} here, not `{found}`")
        };
        Fault { message, help: "the language is that of https://jqlang.org/manual".to_owned(), at }
    }
}

/// Returns where `part` is in `text`, of which it is a slice.
pub(super) fn span(text: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let start = start.min(text.len());
    start..(start + part.len()).min(text.len())
}
