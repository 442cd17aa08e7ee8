//! Puts a meter into a program, and finds the functions that it calls.
//!
//! Some terms have several outputs: `,`, `.[]`, `..` and loops. Between two such
//! outputs the interpreter takes at most as many steps as the program has terms.
//! So each such output goes through a function that pays for that many steps, and
//! nothing runs without paying. When the budget is spent, the function ends the
//! program with an error that no `try` catches.

use jaq_core::Exn;
use jaq_core::Native;
use jaq_core::box_iter::box_once;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::native::Fun;
use jaq_core::path::{Part, Path};

use super::budget;
use super::data::Jq;

/// The name of the function. Programs cannot call it: it is on no list of allowed
/// functions.
pub(super) const TURN: &str = "_turn";

/// Returns the function that every such output goes through.
pub(super) fn function() -> Fun<Jq> {
    let native = Native::<Jq>::new(|cv| {
        box_once(if budget::pay(cv.0.data().turn) { Ok(cv.1) } else { Err(Exn::halt(1)) })
    })
    .with_paths(|cv| {
        box_once(if budget::pay(cv.0.data().turn) { Ok(cv.1) } else { Err(Exn::halt(1)) })
    })
    .with_update(|cv, change| {
        if budget::pay(cv.0.data().turn) { change(cv.1) } else { box_once(Err(Exn::halt(1))) }
    });
    (TURN, Box::new([]), native)
}

/// Puts meters into terms, and keeps what it finds there.
#[derive(Default)]
pub(super) struct Meter<'s> {
    /// The number of steps of all terms.
    pub(super) weight: u64,
    /// The calls in all terms: each function's name and number of arguments.
    pub(super) calls: Vec<(&'s str, usize)>,
}

impl<'s> Meter<'s> {
    /// Returns the term with its meter.
    pub(super) fn term(&mut self, term: Term<&'s str>) -> Term<&'s str> {
        self.weight += 1;
        match term {
            Term::Recurse => turn(Term::Recurse),
            Term::BinOp(left, BinaryOp::Comma, right) => {
                let left = Box::new(self.alternatives(*left));
                turn(Term::BinOp(left, BinaryOp::Comma, self.boxed(*right)))
            }
            Term::Path(from, Path(parts)) => {
                let mut several = false;
                let from = self.boxed(*from);
                let parts = parts.into_iter().map(|(part, opt)| {
                    several |= matches!(part, Part::Range(None, None));
                    let part = match part {
                        Part::Index(index) => Part::Index(self.term(index)),
                        Part::Range(from, to) => Part::Range(
                            from.map(|from| self.term(from)),
                            to.map(|to| self.term(to)),
                        ),
                    };
                    (part, opt)
                });
                let path = Term::Path(from, Path(parts.collect()));
                if several { turn(path) } else { path }
            }
            Term::Fold(word, over, pattern, arguments) => Term::Fold(
                word,
                Box::new(turn(self.term(*over))),
                self.pattern(pattern),
                arguments.into_iter().map(|argument| self.term(argument)).collect(),
            ),
            Term::BinOp(left, BinaryOp::Pipe(Some(pattern)), right) => Term::BinOp(
                self.boxed(*left),
                BinaryOp::Pipe(Some(self.pattern(pattern))),
                self.boxed(*right),
            ),
            Term::BinOp(left, operator, right) => {
                Term::BinOp(self.boxed(*left), operator, self.boxed(*right))
            }
            Term::Str(format, parts) => {
                self.calls.extend(format.map(|format| (format, 0)));
                let parts = parts.into_iter().map(|part| match part {
                    StrPart::Term(term) => StrPart::Term(self.term(term)),
                    other => other,
                });
                Term::Str(format, parts.collect())
            }
            Term::Arr(term) => Term::Arr(term.map(|term| self.boxed(*term))),
            Term::Obj(entries) => {
                let entries = entries.into_iter().map(|(key, value)| match value {
                    // The interpreter recognises `{$x}` by its key, so the key stays as it is.
                    None => (key, None),
                    Some(value) => (self.term(key), Some(self.term(value))),
                });
                Term::Obj(entries.collect())
            }
            Term::Neg(term) => Term::Neg(self.boxed(*term)),
            Term::TryCatch(tried, caught) => {
                Term::TryCatch(self.boxed(*tried), caught.map(|caught| self.boxed(*caught)))
            }
            Term::IfThenElse(branches, otherwise) => {
                let branches =
                    branches.into_iter().map(|(when, then)| (self.term(when), self.term(then)));
                Term::IfThenElse(
                    branches.collect(),
                    otherwise.map(|otherwise| self.boxed(*otherwise)),
                )
            }
            Term::Call(name, arguments) => {
                self.calls.push((name, arguments.len()));
                let arguments = arguments.into_iter().map(|argument| self.term(argument));
                Term::Call(name, arguments.collect())
            }
            other @ (Term::Id | Term::Num(_) | Term::Var(_)) => other,
            // These are in no program and in no definition that a program can call.
            other @ (Term::Label(..) | Term::Break(_) | Term::Def(..)) => other,
        }
    }

    fn boxed(&mut self, term: Term<&'s str>) -> Box<Term<&'s str>> {
        Box::new(self.term(term))
    }

    /// Meters the left side of a comma. In `a, b, c` one meter for all three is enough.
    fn alternatives(&mut self, term: Term<&'s str>) -> Term<&'s str> {
        match term {
            Term::BinOp(left, BinaryOp::Comma, right) => {
                self.weight += 1;
                let left = Box::new(self.alternatives(*left));
                Term::BinOp(left, BinaryOp::Comma, self.boxed(*right))
            }
            other => self.term(other),
        }
    }

    fn pattern(&mut self, pattern: Pattern<&'s str>) -> Pattern<&'s str> {
        match pattern {
            Pattern::Var(name) => Pattern::Var(name),
            Pattern::Arr(patterns) => {
                Pattern::Arr(patterns.into_iter().map(|pattern| self.pattern(pattern)).collect())
            }
            Pattern::Obj(entries) => {
                let entries = entries
                    .into_iter()
                    .map(|(key, pattern)| (self.term(key), self.pattern(pattern)));
                Pattern::Obj(entries.collect())
            }
        }
    }
}

fn turn(term: Term<&str>) -> Term<&str> {
    Term::BinOp(Box::new(term), BinaryOp::Pipe(None), Box::new(Term::Call(TURN, Vec::new())))
}
