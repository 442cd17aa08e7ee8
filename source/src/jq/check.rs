//! Walks through a program to find what is not allowed in it and what it reads.

use std::collections::BTreeMap;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::{Part, Path};

use super::fault::{Fault, span};
use super::functions::{WITH_PATTERN, arities, refusal};
use super::patterns::compile;
use crate::path::is_header_name;

/// The variables that a program may read besides its own.
pub const VARIABLES: [&str; 5] = ["$parent", "$header", "$query", "$received_at", "$delivery_id"];

/// What a program reads besides the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Whether the program reads `$parent`.
    pub parent: bool,
    /// The headers, by the program's spelling, in lower case.
    pub headers: BTreeMap<String, String>,
    /// The query parameters.
    pub query: Vec<String>,
    /// The regular expressions, each a pattern and its flags.
    pub patterns: Vec<(String, String)>,
}

/// Returns what the program reads, or everything that is wrong with it.
pub(super) fn check<'s>(text: &'s str, term: &Term<&'s str>) -> Result<Uses, Vec<Fault>> {
    let mut walk = Walk { text, uses: Uses::default(), bound: Vec::new(), faults: Vec::new() };
    walk.term(term);
    if walk.faults.is_empty() { Ok(walk.uses) } else { Err(walk.faults) }
}

struct Walk<'s> {
    text: &'s str,
    uses: Uses,
    /// The program's own variables that are in scope.
    bound: Vec<&'s str>,
    faults: Vec<Fault>,
}

impl<'s> Walk<'s> {
    fn fault(&mut self, at: &str, message: String, help: impl Into<String>) {
        self.faults.push(Fault { message, help: help.into(), at: span(self.text, at) });
    }

    fn term(&mut self, term: &Term<&'s str>) {
        match term {
            Term::Id | Term::Recurse | Term::Num(_) | Term::Arr(None) => {}
            Term::Str(format, parts) => {
                if let Some(format) = format {
                    self.call(format, &[]);
                }
                for part in parts {
                    if let StrPart::Term(term) = part {
                        self.term(term);
                    }
                }
            }
            Term::Arr(Some(inner)) | Term::Neg(inner) => self.term(inner),
            Term::Obj(entries) => {
                for (key, value) in entries {
                    self.term(key);
                    value.iter().for_each(|value| self.term(value));
                }
            }
            Term::BinOp(left, BinaryOp::Pipe(Some(pattern)), right) => {
                self.term(left);
                let before = self.bound.len();
                self.pattern(pattern);
                self.term(right);
                self.bound.truncate(before);
            }
            Term::BinOp(left, _, right) => {
                self.term(left);
                self.term(right);
            }
            Term::Label(name, _) | Term::Break(name) => self.fault(
                name,
                "`label` and `break` are not allowed in a source file".to_owned(),
                "`first(…)` and `limit(n; …)` stop early",
            ),
            Term::Fold(word, over, pattern, arguments) => {
                self.fold(word, over, pattern, arguments);
            }
            Term::TryCatch(tried, caught) => {
                self.term(tried);
                caught.iter().for_each(|caught| self.term(caught));
            }
            Term::IfThenElse(branches, otherwise) => {
                for (condition, then) in branches {
                    self.term(condition);
                    self.term(then);
                }
                otherwise.iter().for_each(|otherwise| self.term(otherwise));
            }
            Term::Def(definitions, _) => {
                let name = definitions.first().map_or("", |definition| definition.name);
                self.fault(
                    name,
                    format!("`def {name}`: functions are not defined in a source file"),
                    "they could call themselves forever; write the code where it is used",
                );
            }
            Term::Call(name, arguments) => self.call(name, arguments),
            Term::Var(name) => self.variable(name),
            Term::Path(from, path) => self.path(from, path),
        }
    }

    fn fold(
        &mut self,
        word: &'s str,
        over: &Term<&'s str>,
        pattern: &Pattern<&'s str>,
        arguments: &[Term<&'s str>],
    ) {
        self.term(over);
        let [start, each @ ..] = arguments else {
            return self.fault(word, format!("`{word}` has nothing in its brackets"), FOLD);
        };
        let most = if word == "reduce" { 1 } else { 2 };
        if each.is_empty() || each.len() > most {
            self.fault(
                word,
                format!("`{word}` has {} parts in its brackets", arguments.len()),
                FOLD,
            );
        }
        self.term(start);
        let before = self.bound.len();
        self.pattern(pattern);
        each.iter().for_each(|each| self.term(each));
        self.bound.truncate(before);
    }

    fn pattern(&mut self, pattern: &Pattern<&'s str>) {
        match pattern {
            Pattern::Var(name) => {
                if VARIABLES.contains(name) {
                    self.fault(
                        name,
                        format!("`{name}` already has a meaning"),
                        "choose another name for your variable",
                    );
                }
                self.bound.push(name);
            }
            Pattern::Arr(patterns) => patterns.iter().for_each(|pattern| self.pattern(pattern)),
            Pattern::Obj(entries) => {
                for (key, pattern) in entries {
                    self.term(key);
                    self.pattern(pattern);
                }
            }
        }
    }

    fn call(&mut self, name: &'s str, arguments: &[Term<&'s str>]) {
        match (arities(name), refusal(name)) {
            (Some(arities), _) if arities.contains(&arguments.len()) => {}
            (Some(arities), _) => {
                let wanted: Vec<_> = arities.iter().map(ToString::to_string).collect();
                self.fault(
                    name,
                    format!(
                        "`{name}` takes {} argument{}, not {}",
                        wanted.join(" or "),
                        if *arities == [1] { "" } else { "s" },
                        arguments.len()
                    ),
                    "separate arguments with `;`",
                );
            }
            (None, Some(reason)) => {
                self.fault(name, format!("`{name}` is not allowed in a source file"), reason);
            }
            (None, None) => {
                self.fault(
                    name,
                    format!("`{name}` is not a function that a source file can use"),
                    "docs/source-file.md lists the functions",
                );
            }
        }
        if WITH_PATTERN.contains(&name) || (name == "split" && arguments.len() == 2) {
            self.regex(name, arguments);
        }
        arguments.iter().for_each(|argument| self.term(argument));
    }

    fn regex(&mut self, name: &'s str, arguments: &[Term<&'s str>]) {
        let flags_at = if matches!(name, "sub" | "gsub") { 2 } else { 1 };
        let Some(pattern) = arguments.first().and_then(literal) else {
            return self.fault(
                name,
                format!("the regular expression of `{name}` is not a plain text"),
                "write it out: an expression that a record chooses could take forever",
            );
        };
        let Some(flags) = arguments.get(flags_at).map_or(Some(String::new()), literal) else {
            return self.fault(
                name,
                format!("the flags of `{name}` are not a plain text"),
                "write them out, such as `\"i\"`",
            );
        };
        match compile(&pattern, &flags) {
            Ok(_) => {
                let both = (pattern, flags);
                if !self.uses.patterns.contains(&both) {
                    self.uses.patterns.push(both);
                }
            }
            Err(reason) => self.fault(
                name,
                format!("the regular expression of `{name}` cannot be used: {reason}"),
                "its language is that of Rust's `regex`, without look-around and back references",
            ),
        }
    }

    fn variable(&mut self, name: &'s str) {
        match name {
            "$header" | "$query" => {
                let example = if name == "$header" { "[\"x-event\"]" } else { ".id" };
                self.fault(
                    name,
                    format!("`{name}` is used without a name"),
                    format!(
                        "write `{name}{example}`: only what is named is kept, because the rest may be secret"
                    ),
                );
            }
            "$parent" => self.uses.parent = true,
            name if self.bound.contains(&name) || VARIABLES.contains(&name) => {}
            name => {
                let known = VARIABLES.join("`, `");
                self.fault(
                    name,
                    format!("there is no variable `{name}`"),
                    format!(
                        "there are `{known}`, and the variables that the program binds with `as`"
                    ),
                );
            }
        }
    }

    fn path(&mut self, from: &Term<&'s str>, Path(parts): &Path<Term<&'s str>>) {
        let named = parts.first().and_then(|(part, _)| match part {
            Part::Index(index) => literal(index),
            Part::Range(..) => None,
        });
        match (from, named) {
            (Term::Var(variable @ "$header"), Some(name)) => self.header(variable, name),
            (Term::Var("$query"), Some(name)) => {
                if !self.uses.query.contains(&name) {
                    self.uses.query.push(name);
                }
            }
            (from, _) => self.term(from),
        }
        for (part, _) in parts {
            match part {
                Part::Index(index) => self.term(index),
                Part::Range(from, to) => {
                    from.iter().chain(to).for_each(|bound| self.term(bound));
                }
            }
        }
    }

    fn header(&mut self, variable: &str, name: String) {
        if !is_header_name(&name) {
            return self.fault(
                variable,
                format!("`{}` is not a header's name", name.escape_debug()),
                "such as `$header[\"x-event\"]`",
            );
        }
        let lower = name.to_ascii_lowercase();
        self.uses.headers.insert(name, lower);
    }
}

const FOLD: &str = "`reduce LIST as $x (START; EACH)`, `foreach LIST as $x (START; EACH; GIVEN)`";

/// Returns the text of a term that is a text without interpolation.
fn literal(term: &Term<&str>) -> Option<String> {
    let Term::Str(None, parts) = term else { return None };
    let mut text = String::new();
    for part in parts {
        match part {
            StrPart::Str(part) => text.push_str(part),
            StrPart::Char(char) => text.push(*char),
            StrPart::Term(_) => return None,
        }
    }
    Some(text)
}
