//! `jq:`: for the maps and splits that templates cannot say.
//!
//! A program is written by the operator and fed by the vendor, so it may be
//! only what surely ends: no definitions, no recursion, no functions but those
//! of a list, and no way to the world outside of the record. All of that is
//! checked here, with the place of what is wrong; what is left for the run, in
//! `pipeline`, is to count steps and bytes.

mod check;
mod functions;
mod nesting;
mod patterns;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jaq_core::load::lex::{self, Lexer};
use jaq_core::load::parse::{Parser, Term};

pub use functions::ALLOWED;
pub use patterns::Patterns;

/// The longest program, in bytes.
pub const LONGEST: usize = 8 * 1024;

/// The variables that a program may read besides its own.
pub const VARIABLES: [&str; 5] = ["$parent", "$header", "$query", "$received_at", "$delivery_id"];

/// A program that passed the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    text: Arc<str>,
    slot: usize,
    uses: Uses,
}

/// What a program reads besides the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Whether it reads `$parent`.
    pub parent: bool,
    /// Headers: as the program spells them, and in lower case.
    pub headers: BTreeMap<String, String>,
    /// Query parameters.
    pub query: Vec<String>,
    /// The regular expressions, each a pattern and its flags.
    pub patterns: Vec<(String, String)>,
}

/// Why a text is no program, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
    /// Where, in bytes of the text.
    pub at: Range<usize>,
}

impl Program {
    /// Checks `text`. `slot` tells apart the programs of one event: what runs
    /// them keeps each, once compiled, under that number.
    ///
    /// # Errors
    ///
    /// Every fault that was found.
    pub fn check(text: &str, slot: usize) -> Result<Program, Vec<Fault>> {
        nesting::check_text(text).map_err(|fault| vec![fault])?;
        let tokens = Lexer::new(text)
            .lex()
            .map_err(|errors| errors.iter().map(|error| lexed(text, error)).collect::<Vec<_>>())?;
        nesting::check_tokens(text, &tokens).map_err(|fault| vec![fault])?;
        let term = Parser::new(&tokens).parse(|parser| parser.term()).map_err(|errors| {
            errors
                .into_iter()
                .map(|(expected, found)| {
                    let at =
                        found.map_or(text.len()..text.len(), |token| span(text, token.as_str()));
                    unexpected(text, expected.as_str(), at)
                })
                .collect::<Vec<_>>()
        })?;
        nesting::check_term(text, &term).map_err(|fault| vec![fault])?;
        let uses = check::check(text, &term)?;
        Ok(Program { text: text.into(), slot, uses })
    }

    /// The program as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number under which it is kept once compiled.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// What it reads besides the record.
    pub fn uses(&self) -> &Uses {
        &self.uses
    }

    /// The program as a tree. It was one when it was checked.
    pub fn term(&self) -> Option<Term<&str>> {
        let tokens = Lexer::new(&self.text).lex().ok()?;
        Parser::new(&tokens).parse(|parser| parser.term()).ok()
    }
}

fn lexed(text: &str, (expected, found): &lex::Error<&str>) -> Fault {
    let start = span(text, found).start;
    let first = found.chars().next().map_or(0, char::len_utf8);
    // The parser's own names for delimiters would panic at one it does not know.
    let expected = match expected {
        lex::Expect::Delim("(") => "the `)` of an open `(`",
        lex::Expect::Delim("[") => "the `]` of an open `[`",
        lex::Expect::Delim("{") => "the `}` of an open `{`",
        lex::Expect::Delim(_) => "the closing quote of a text",
        lex::Expect::Digit => "a digit",
        lex::Expect::Ident => "a name",
        lex::Expect::Escape => "one of the escapes of JSON",
        lex::Expect::Unicode => "four hexadecimal digits of a character",
        _ => "something that jq knows",
    };
    wanted(text, expected, start..start + first)
}

fn unexpected(text: &str, expected: &str, at: Range<usize>) -> Fault {
    let expected = match expected {
        "nothing" => "the end".to_owned(),
        "term" => "a value".to_owned(),
        word if word.contains(' ') || word.len() > 8 => word.to_owned(),
        word => format!("`{word}`"),
    };
    wanted(text, &expected, at)
}

fn wanted(text: &str, expected: &str, at: Range<usize>) -> Fault {
    let found = text.get(at.clone()).unwrap_or_default();
    let found: String = found.chars().take(20).collect();
    let message = if found.is_empty() {
        format!("this jq program ends where {expected} is wanted")
    } else {
        format!("jq wants {expected} here, not `{found}`")
    };
    Fault { message, help: "the language is that of https://jqlang.org/manual".to_owned(), at }
}

/// Where `part`, which is a piece of `text`, stands in it.
fn span(text: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let start = start.min(text.len());
    start..(start + part.len()).min(text.len())
}
