//! The functions that are written in jq themselves. A program is compiled only
//! with those that it uses, which is faster.

use std::sync::LazyLock;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::path::Part;

use super::meter::metered;

/// Functions whose definitions in the libraries are not bounded.
const OWN: &str = r#"
def match(re; flags): _matches(re; flags)[];
def match(re): _matches(re; "")[];
def capture(re; flags): _captures(re; flags)[];
def capture(re): _captures(re; "")[];
def scan(re; flags): _scans(re; flags)[];
def scan(re): _scans(re; "")[];
def splits(re; flags): split(re; flags)[];
def splits(re): split(re; "")[];
def sub(re; f; flags): reduce _pieces(re; flags)[] as $piece (""; . + ($piece | if type == "string" then . else f end));
def sub(re; f): sub(re; f; "");
def gsub(re; f; flags): sub(re; f; flags + "g");
def gsub(re; f): sub(re; f; "g");
"#;

/// Definitions of the libraries that are not used: we have our own, or no program may
/// call them.
const LEFT_OUT: [&str; 21] = [
    "type",
    "keys",
    "add",
    "flatten",
    "join",
    "split",
    "test",
    "match",
    "capture",
    "scan",
    "splits",
    "sub",
    "gsub",
    "getpath",
    "from_entries",
    "todate",
    "fromdate",
    "combinations",
    "@base64",
    "@base64d",
    "@uri",
];

static DEFINITIONS: LazyLock<Vec<Def<&'static str>>> = LazyLock::new(|| {
    let own = jaq_core::load::parse(OWN, |parser| parser.defs()).unwrap_or_default();
    let left_out = |def: &Def<&'static str>| {
        LEFT_OUT.contains(&def.name) && !(def.name == "add" && def.args.len() == 1)
    };
    let libraries = jaq_core::defs().chain(jaq_std::defs()).filter(|def| !left_out(def));
    libraries.chain(own).collect()
});

/// Returns the definitions that `program` needs, with their meters, and adds the number
/// of their steps to `weight`.
pub(super) fn definitions<'s>(program: &Term<&'s str>, weight: &mut u64) -> Vec<Def<&'s str>> {
    let mut needed: Vec<(String, usize)> = Vec::new();
    calls(program, &mut |name, arity| needed.push((name.to_owned(), arity)));
    let mut used = Vec::new();
    // A definition stands before those that use it.
    for def in DEFINITIONS.iter().rev() {
        let is_needed =
            |(name, arity): &(String, usize)| name == def.name && *arity == def.args.len();
        if needed.iter().any(is_needed) {
            calls(&def.body, &mut |name, arity| needed.push((name.to_owned(), arity)));
            used.push(def.clone());
        }
    }
    used.reverse();
    used.into_iter()
        .map(|def| Def { name: def.name, args: def.args, body: metered(def.body, weight) })
        .collect()
}

/// Visits every call in the term, with its name and its number of arguments.
fn calls(term: &Term<&str>, visit: &mut dyn FnMut(&str, usize)) {
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Var(_) | Term::Break(_) => {}
        Term::Str(format, parts) => {
            format.iter().for_each(|format| visit(format, 0));
            for part in parts {
                if let StrPart::Term(term) = part {
                    calls(term, visit);
                }
            }
        }
        Term::Arr(inner) => inner.iter().for_each(|inner| calls(inner, visit)),
        Term::Obj(entries) => {
            for (key, value) in entries {
                calls(key, visit);
                value.iter().for_each(|value| calls(value, visit));
            }
        }
        Term::Neg(inner) | Term::Label(_, inner) => calls(inner, visit),
        Term::Def(defs, inner) => {
            defs.iter().for_each(|def| calls(&def.body, visit));
            calls(inner, visit);
        }
        Term::BinOp(left, operator, right) => {
            calls(left, visit);
            if let BinaryOp::Pipe(Some(pattern)) = operator {
                pattern_calls(pattern, visit);
            }
            calls(right, visit);
        }
        Term::Fold(_, over, pattern, arguments) => {
            calls(over, visit);
            pattern_calls(pattern, visit);
            arguments.iter().for_each(|argument| calls(argument, visit));
        }
        Term::TryCatch(tried, caught) => {
            calls(tried, visit);
            caught.iter().for_each(|caught| calls(caught, visit));
        }
        Term::IfThenElse(branches, otherwise) => {
            for (when, then) in branches {
                calls(when, visit);
                calls(then, visit);
            }
            otherwise.iter().for_each(|otherwise| calls(otherwise, visit));
        }
        Term::Call(name, arguments) => {
            visit(name, arguments.len());
            arguments.iter().for_each(|argument| calls(argument, visit));
        }
        Term::Path(from, path) => {
            calls(from, visit);
            for (part, _) in &path.0 {
                match part {
                    Part::Index(index) => calls(index, visit),
                    Part::Range(from, to) => {
                        from.iter().chain(to).for_each(|bound| calls(bound, visit));
                    }
                }
            }
        }
    }
}

fn pattern_calls(pattern: &Pattern<&str>, visit: &mut dyn FnMut(&str, usize)) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(patterns) => {
            patterns.iter().for_each(|pattern| pattern_calls(pattern, visit));
        }
        Pattern::Obj(entries) => {
            for (key, pattern) in entries {
                calls(key, visit);
                pattern_calls(pattern, visit);
            }
        }
    }
}
