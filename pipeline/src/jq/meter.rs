//! Puts a meter into a program.
//!
//! Between two outputs of whatever can have several (`,`, `.[]`, `..`, a loop) the
//! interpreter does at most a fixed number of steps, that of the program's words.
//! So if every such output goes through a function that pays for as many, nothing
//! runs without paying. That function ends the run with what no `try` catches.

use jaq_core::Exn;
use jaq_core::Native;
use jaq_core::box_iter::box_once;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::native::Fun;
use jaq_core::path::{Part, Path};

use super::budget;
use super::compiled::Jq;

/// The name of the function. It is on no list, so no program can call it.
pub(super) const TURN: &str = "_turn";

/// The function that every turn goes through.
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

/// The term with its meter. `weight` is raised by the number of its steps.
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
                // `{$x}` is known by its key, which stays as it is.
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
        // No program has these, and no definition that one can call.
        other @ (Term::Label(..) | Term::Break(_) | Term::Def(..)) => other,
    }
}

fn boxed<'s>(term: Term<&'s str>, weight: &mut u64) -> Box<Term<&'s str>> {
    Box::new(metered(term, weight))
}

/// What stands left of a comma: in `a, b, c` one meter for all three is enough.
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
