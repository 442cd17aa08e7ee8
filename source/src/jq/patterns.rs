//! The regular expressions of a program, all of which are known before any
//! record is read.

use regex::{Error, Regex, RegexBuilder};

/// The largest compiled regular expression, in bytes.
const LARGEST: usize = 256 * 1024;

/// The compiled expressions of one program.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<(String, String, Regex)>);

impl Patterns {
    /// Compiles each pattern with its flags. The check of the program refuses
    /// those that cannot be compiled.
    pub(super) fn compile(patterns: &[(String, String)]) -> Patterns {
        let compiled = patterns.iter().filter_map(|(pattern, flags)| {
            Some((pattern.clone(), flags.clone(), compile(pattern, flags).ok()?))
        });
        Patterns(compiled.collect())
    }

    /// Returns the expression with this pattern and these flags; the flag `g`
    /// makes no difference.
    pub fn get(&self, pattern: &str, flags: &str) -> Option<&Regex> {
        let same = |known: &str| {
            known.chars().filter(|flag| *flag != 'g').eq(flags.chars().filter(|flag| *flag != 'g'))
        };
        let mut found = self.0.iter().filter(|(known, with, _)| known == pattern && same(with));
        found.next().map(|(.., regex)| regex)
    }
}

/// Compiles a pattern with the flags of jq: `g` finds all matches, `i` ignores
/// case, `x` ignores white space in the pattern, `s` lets a dot match the end of
/// a line, `l` finds the shortest match.
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
