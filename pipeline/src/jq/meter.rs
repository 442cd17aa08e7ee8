//! Puts a meter into a program.
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

/// Returns the term with its meter, and adds the number of its steps to `weight`.
pub(super) fn metered<'s>(term: Term<&'s str>, weight: &mut u64) -> Term<&'s str> {
    *weight += 1;
    let mut inner = |term: Term<&'s str>| metered(term, weight);
    match term {
        Term::Recurse => turn(Term::Recurse),
        Term::BinOp(left, BinaryOp::Comma, right) => turn(Term::BinOp(
            Box::new(alternatives(*left, weight)),
            BinaryOp::Comma,
            boxed(*right, weight),
        )),
        Term::Path(from, Path(parts)) => {
            let mut several = false;
            let from = Box::new(inner(*from));
            let parts = parts
                .into_iter()
                .map(|(part, opt)| {
                    several |= matches!(part, Part::Range(None, None));
                    let part = match part {
                        Part::Index(index) => Part::Index(inner(index)),
                        Part::Range(from, to) => {
                            Part::Range(from.map(&mut inner), to.map(&mut inner))
                        }
                    };
                    (part, opt)
                })
                .collect();
            let path = Term::Path(from, Path(parts));
            if several { turn(path) } else { path }
        }
        Term::Fold(word, over, pattern, arguments) => Term::Fold(
            word,
            Box::new(turn(inner(*over))),
            metered_pattern(pattern, &mut inner),
            arguments.into_iter().map(inner).collect(),
        ),
        Term::BinOp(left, BinaryOp::Pipe(Some(pattern)), right) => Term::BinOp(
            Box::new(inner(*left)),
            BinaryOp::Pipe(Some(metered_pattern(pattern, &mut inner))),
            Box::new(inner(*right)),
        ),
        Term::BinOp(left, operator, right) => {
            Term::BinOp(Box::new(inner(*left)), operator, Box::new(inner(*right)))
        }
        Term::Str(format, parts) => {
            let parts = parts.into_iter().map(|part| match part {
                StrPart::Term(term) => StrPart::Term(inner(term)),
                other => other,
            });
            Term::Str(format, parts.collect())
        }
        Term::Arr(term) => Term::Arr(term.map(|term| Box::new(inner(*term)))),
        Term::Obj(entries) => Term::Obj(
            entries
                .into_iter()
                // The interpreter recognizes `{$x}` by its key, so the key stays as it is.
                .map(|(key, value)| match value {
                    None => (key, None),
                    Some(value) => (inner(key), Some(inner(value))),
                })
                .collect(),
        ),
        Term::Neg(term) => Term::Neg(Box::new(inner(*term))),
        Term::TryCatch(tried, caught) => {
            Term::TryCatch(Box::new(inner(*tried)), caught.map(|caught| Box::new(inner(*caught))))
        }
        Term::IfThenElse(branches, otherwise) => Term::IfThenElse(
            branches.into_iter().map(|(when, then)| (inner(when), inner(then))).collect(),
            otherwise.map(|otherwise| Box::new(inner(*otherwise))),
        ),
        Term::Call(name, arguments) => Term::Call(name, arguments.into_iter().map(inner).collect()),
        other @ (Term::Id | Term::Num(_) | Term::Var(_)) => other,
        // These are in no program and in no definition that a program can call.
        other @ (Term::Label(..) | Term::Break(_) | Term::Def(..)) => other,
    }
}

fn boxed<'s>(term: Term<&'s str>, weight: &mut u64) -> Box<Term<&'s str>> {
    Box::new(metered(term, weight))
}

/// Meters the left side of a comma. In `a, b, c` one meter for all three is enough.
fn alternatives<'s>(term: Term<&'s str>, weight: &mut u64) -> Term<&'s str> {
    match term {
        Term::BinOp(left, BinaryOp::Comma, right) => {
            *weight += 1;
            let left = alternatives(*left, weight);
            Term::BinOp(Box::new(left), BinaryOp::Comma, boxed(*right, weight))
        }
        other => metered(other, weight),
    }
}

fn metered_pattern<'s>(
    pattern: Pattern<&'s str>,
    inner: &mut dyn FnMut(Term<&'s str>) -> Term<&'s str>,
) -> Pattern<&'s str> {
    match pattern {
        Pattern::Var(name) => Pattern::Var(name),
        Pattern::Arr(patterns) => Pattern::Arr(
            patterns.into_iter().map(|pattern| metered_pattern(pattern, inner)).collect(),
        ),
        Pattern::Obj(entries) => Pattern::Obj(
            entries
                .into_iter()
                .map(|(key, pattern)| {
                    let key = inner(key);
                    (key, metered_pattern(pattern, inner))
                })
                .collect(),
        ),
    }
}

fn turn(term: Term<&str>) -> Term<&str> {
    Term::BinOp(Box::new(term), BinaryOp::Pipe(None), Box::new(Term::Call(TURN, Vec::new())))
}
