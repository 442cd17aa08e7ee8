//! The regular expressions of a program: compiled once, and known in full before
//! any record comes.

use regex::{Error, Regex, RegexBuilder};

use super::Program;

/// The largest compiled regular expression, in bytes.
const LARGEST: usize = 256 * 1024;

/// The compiled expressions of one program.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<(String, String, Regex)>);

impl Patterns {
    /// Those of `program`.
    pub fn of(program: &Program) -> Patterns {
        let compiled = program.uses().patterns.iter().filter_map(|(pattern, flags)| {
            Some((pattern.clone(), flags.clone(), compile(pattern, flags).ok()?))
        });
        Patterns(compiled.collect())
    }

    /// The one with these flags, of which `g` makes no difference.
    pub fn get(&self, pattern: &str, flags: &str) -> Option<&Regex> {
        let same = |known: &str| {
            known.chars().filter(|flag| *flag != 'g').eq(flags.chars().filter(|flag| *flag != 'g'))
        };
        let mut found = self.0.iter().filter(|(known, with, _)| known == pattern && same(with));
        found.next().map(|(.., regex)| regex)
    }
}

/// Compiles a pattern with the flags of jq: `g` for all matches, `i` for letters of
/// any case, `x` to pass over blanks, `s` to let a dot match a line's end, `l` for
/// the shortest match.
pub(super) fn compile(pattern: &str, flags: &str) -> Result<Regex, String> {
    let mut builder = RegexBuilder::new(pattern);
    builder.size_limit(LARGEST);
    for flag in flags.chars() {
        match flag {
            'g' => &mut builder,
            'i' => builder.case_insensitive(true),
            'x' => builder.ignore_whitespace(true),
            's' => builder.dot_matches_new_line(true),
            'l' => builder.swap_greed(true),
            other => return Err(format!("there is no flag `{other}`")),
        };
    }
    builder.build().map_err(|error| match error {
        Error::CompiledTooBig(_) => "it is too large".to_owned(),
        error => {
            let said = error.to_string();
            let last = said.lines().last().unwrap_or_default().trim();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    })
}
