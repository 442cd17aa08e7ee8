//! Compiles a checked program and runs it.

use jaq_core::load::parse::Def;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::native::Fun;
use jaq_core::{Compiler, Ctx, Exn, Filter, Vars};
use mef_source::jq::{self, Patterns, VARIABLES};

use super::budget::{self, Budget};
use super::data::{Data, Jq};
use super::definitions::definitions;
use super::meter::{self, Meter};
use super::value::Val;
use super::{text_functions, value_functions};

/// A program that is ready to run.
pub(super) struct Compiled {
    filter: Filter<Jq>,
    patterns: Patterns,
    turn: u64,
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").finish_non_exhaustive()
    }
}

/// The native functions of the libraries that programs and library definitions
/// may call.
const NATIVE: [&str; 30] = [
    "error_empty",
    "path",
    "path_value",
    "keys_unsorted",
    "key_values",
    "first",
    "last",
    "limit",
    "skip",
    "floor",
    "round",
    "ceil",
    "utf8bytelength",
    "explode",
    "implode",
    "ascii_downcase",
    "ascii_upcase",
    "reverse",
    "sort",
    "sort_by",
    "group_by",
    "min_by_or_empty",
    "max_by_or_empty",
    "startswith",
    "endswith",
    "ltrimstr",
    "rtrimstr",
    "trim",
    "ltrim",
    "rtrim",
];

fn functions() -> Vec<Fun<Jq>> {
    let known = |fun: &Fun<Jq>| NATIVE.contains(&fun.0);
    let mut functions = value_functions::functions();
    functions.extend(text_functions::functions());
    functions.push(meter::function());
    functions.extend(jaq_core::funs::<Jq>().filter(known));
    functions.extend(jaq_std::base_funs::<Jq>().filter(known));
    functions
}

impl Compiled {
    /// Compiles a checked program.
    ///
    /// # Errors
    ///
    /// Fails if the check allowed something that does not exist, which is a bug here.
    pub(crate) fn new(program: &jq::Program) -> Result<Compiled, String> {
        const NOT: &str = "the program does not compile, though it was checked";
        let term = program.term().ok_or(NOT)?;
        let mut meter = Meter::default();
        let body = meter.term(term);
        let mut prelude = definitions(&mut meter);
        prelude.push(Def { name: "_program", args: Vec::new(), body });
        let arena = Arena::default();
        let modules = Loader::new(prelude)
            .load(&arena, File { code: "_program", path: () })
            .map_err(|_| NOT)?;
        let filter = Compiler::default()
            .with_funs(functions())
            .with_global_vars(VARIABLES)
            .compile(modules)
            .map_err(|_| NOT)?;
        Ok(Compiled { filter, patterns: program.patterns(), turn: meter.weight })
    }

    /// Runs the program and returns its outputs.
    ///
    /// # Errors
    ///
    /// Fails if there are more than `most`, if the program fails, or if it exceeds its
    /// budget.
    pub(super) fn run(
        &self,
        _budget: &Budget,
        record: Val,
        variables: [Val; 5],
        most: usize,
    ) -> Result<Vec<Val>, String> {
        let data = Data { lut: &self.filter.lut, patterns: &self.patterns, turn: self.turn };
        let context = Ctx::<Jq>::new(data, Vars::new(variables));
        let mut outputs = Vec::new();
        for output in self.filter.id.run((context, record)) {
            if let Some(over) = budget::over() {
                return Err(over.reason().to_owned());
            }
            match output {
                Ok(_) if outputs.len() == most => {
                    return Err(match most {
                        1 => "it gives more than one value; `[…]` makes a list of them, `first(…)` takes one".to_owned(),
                        most => format!("it gives more than {most} records"),
                    });
                }
                Ok(value) => outputs.push(value),
                Err(fault) => return Err(reason(fault)),
            }
        }
        match budget::over() {
            Some(over) => Err(over.reason().to_owned()),
            None => Ok(outputs),
        }
    }
}

/// The longest message that a program may give to `error`.
const LONGEST_MESSAGE: usize = 200;

fn reason(fault: Exn<'_, Val>) -> String {
    if let Some(over) = budget::over() {
        return over.reason().to_owned();
    }
    match fault.get_err() {
        Ok(error) => match error.into_val() {
            Val::Str(message) => {
                beginning(&message.chars().take(LONGEST_MESSAGE + 1).collect::<String>())
            }
            other => format!("`error` was called with {other}"),
        },
        Err(_) => "it broke off".to_owned(),
    }
}

/// Returns the first whole words of `message`. No word is cut: the redactor would not
/// recognise half a secret.
fn beginning(message: &str) -> String {
    let Some((end, _)) = message.char_indices().nth(LONGEST_MESSAGE) else {
        return message.to_owned();
    };
    let (kept, _) = message.split_at(end);
    let words = kept.rsplit_once(char::is_whitespace).map_or("", |(words, _)| words);
    format!("{words}…")
}
