//! Limits how long and how deeply nested a program can be: the parser and the
//! interpreter recurse into it, and a stack overflow would end the process.

use std::ops::Range;

use jaq_core::load::lex::{StrPart, Tok, Token};
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::Part;

use super::fault::{Fault, span};

/// The longest program, in bytes.
pub const LONGEST: usize = 8 * 1024;

/// The most brackets that a program may open.
const MOST_BRACKETS: usize = 256;

/// The most tokens in a program.
const MOST_TOKENS: usize = 2_000;

/// The deepest that a program may be nested.
const DEEPEST: usize = 80;

/// Limits how deep the lexer has to recurse.
pub(super) fn check_text(text: &str) -> Result<(), Fault> {
    if text.trim().is_empty() {
        return Err(Fault {
            message: "the jq program is empty".to_owned(),
            help: "`.` is the whole record".to_owned(),
            at: 0..text.len(),
        });
    }
    if text.len() > LONGEST {
        return Err(fault(format!("this jq program is longer than {LONGEST} bytes"), 0..0));
    }
    let mut brackets = text.match_indices(['(', '[', '{']);
    match brackets.nth(MOST_BRACKETS) {
        None => Ok(()),
        Some((at, _)) => Err(fault(
            format!("this jq program opens more than {MOST_BRACKETS} brackets"),
            at..at + 1,
        )),
    }
}

/// Limits how deep the parser has to recurse.
pub(super) fn check_tokens(text: &str, tokens: &[Token<&str>]) -> Result<(), Fault> {
    let mut left = MOST_TOKENS;
    down(text, tokens, 0, &mut left)
}

fn down(text: &str, tokens: &[Token<&str>], from: usize, left: &mut usize) -> Result<(), Fault> {
    let mut depth = from;
    for Token(written, token) in tokens {
        match left.checked_sub(1) {
            Some(fewer) => *left = fewer,
            None => {
                return Err(fault(
                    format!("this jq program has more than {MOST_TOKENS} words and signs"),
                    span(text, written),
                ));
            }
        }
        match token {
            Tok::Block(inner) => down(text, inner, depth + 1, left)?,
            Tok::Str(parts) => {
                for part in parts {
                    if let StrPart::Term(Token(_, Tok::Block(inner))) = part {
                        down(text, inner, depth + 1, left)?;
                    }
                }
            }
            _ if matches!(*written, "end" | ";") => depth = depth.saturating_sub(1).max(from),
            _ if DOWN.contains(written) => depth += 1,
            _ => {}
        }
        if depth > DEEPEST {
            return Err(too_deep(span(text, written)));
        }
    }
    Ok(())
}

/// The tokens besides brackets at which the parser recurses.
const DOWN: [&str; 18] = [
    "-", "|", "as", "if", "try", "catch", "reduce", "foreach", "label", "def", "=", "|=", "+=",
    "-=", "*=", "/=", "%=", "//=",
];

/// Limits how deep the interpreter has to recurse.
pub(super) fn check_term(text: &str, term: &Term<&str>) -> Result<(), Fault> {
    match is_deeper(term, DEEPEST) {
        true => Err(too_deep(0..text.len())),
        false => Ok(()),
    }
}

/// Returns whether the term is nested deeper than `steps`.
fn is_deeper(term: &Term<&str>, steps: usize) -> bool {
    // The interpreter recurses once for each entry, part and branch.
    let chained = match term {
        Term::Obj(entries) => entries.len(),
        Term::Str(_, parts) => parts.len(),
        Term::IfThenElse(branches, _) => branches.len(),
        Term::Path(_, path) => path.0.len(),
        // A function that runs its argument is several steps deep by itself.
        Term::Call(_, arguments) if !arguments.is_empty() => arguments.len() * 2 + 3,
        _ => 1,
    };
    let Some(left) = steps.checked_sub(chained) else { return true };
    let inside = |term: &Term<&str>| is_deeper(term, left);
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Var(_) | Term::Break(_) => false,
        Term::Arr(inner) => inner.iter().any(|inner| inside(inner)),
        Term::Str(_, parts) => {
            parts.iter().any(|part| matches!(part, StrPart::Term(term) if inside(term)))
        }
        Term::Obj(entries) => {
            entries.iter().any(|(key, value)| inside(key) || value.iter().any(inside))
        }
        Term::Neg(inner) | Term::Label(_, inner) | Term::Def(_, inner) => inside(inner),
        Term::BinOp(first, operator, second) => {
            let pattern = match operator {
                BinaryOp::Pipe(Some(pattern)) => Some(pattern),
                _ => None,
            };
            inside(first)
                || inside(second)
                || pattern.is_some_and(|pattern| is_pattern_deeper(pattern, left))
        }
        Term::Fold(_, over, pattern, arguments) => {
            inside(over) || arguments.iter().any(inside) || is_pattern_deeper(pattern, left)
        }
        Term::TryCatch(tried, caught) => {
            inside(tried) || caught.iter().any(|caught| inside(caught))
        }
        Term::IfThenElse(branches, otherwise) => {
            branches.iter().any(|(condition, then)| inside(condition) || inside(then))
                || otherwise.iter().any(|otherwise| inside(otherwise))
        }
        Term::Call(_, arguments) => arguments.iter().any(inside),
        Term::Path(from, path) => {
            inside(from)
                || path.0.iter().any(|(part, _)| match part {
                    Part::Index(index) => inside(index),
                    Part::Range(from, to) => from.iter().chain(to).any(inside),
                })
        }
    }
}

fn is_pattern_deeper(pattern: &Pattern<&str>, steps: usize) -> bool {
    let chained = match pattern {
        Pattern::Var(_) => 1,
        Pattern::Arr(patterns) => patterns.len() + 1,
        Pattern::Obj(entries) => entries.len() + 1,
    };
    let Some(left) = steps.checked_sub(chained) else { return true };
    match pattern {
        Pattern::Var(_) => false,
        Pattern::Arr(patterns) => patterns.iter().any(|inner| is_pattern_deeper(inner, left)),
        Pattern::Obj(entries) => entries
            .iter()
            .any(|(key, inner)| is_deeper(key, left) || is_pattern_deeper(inner, left)),
    }
}

fn too_deep(at: Range<usize>) -> Fault {
    fault(format!("this jq program goes more than {DEEPEST} steps deep"), at)
}

fn fault(message: String, at: Range<usize>) -> Fault {
    Fault {
        message,
        help: "say it in several fields of the event, or with a template".to_owned(),
        at,
    }
}
