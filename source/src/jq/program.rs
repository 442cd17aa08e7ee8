//! A checked program.

use std::sync::Arc;

use jaq_core::load::lex::Lexer;
use jaq_core::load::parse::{Parser, Term};

use super::check::{Uses, check};
use super::fault::Fault;
use super::nesting::{check_term, check_text, check_tokens};
use super::patterns::Patterns;

/// A program that passed the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    text: Arc<str>,
    slot: usize,
    uses: Uses,
}

impl Program {
    /// Checks `text`. `slot` numbers the programs of one event: each is kept
    /// under its number once it is compiled.
    ///
    /// # Errors
    ///
    /// Fails with every fault that was found.
    pub fn check(text: &str, slot: usize) -> Result<Program, Vec<Fault>> {
        check_text(text).map_err(|fault| vec![fault])?;
        let tokens = Lexer::new(text).lex().map_err(|errors| {
            errors.iter().map(|error| Fault::of_lexer(text, error)).collect::<Vec<_>>()
        })?;
        check_tokens(text, &tokens).map_err(|fault| vec![fault])?;
        let term = Parser::new(&tokens).parse(|parser| parser.term()).map_err(|errors| {
            let faults = errors.into_iter().map(|(expected, found)| {
                let found = found.map(|token| token.as_str());
                Fault::of_parser(text, expected.as_str(), found)
            });
            faults.collect::<Vec<_>>()
        })?;
        check_term(text, &term).map_err(|fault| vec![fault])?;
        let uses = check(text, &term)?;
        Ok(Program { text: text.into(), slot, uses })
    }

    /// Returns the program as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the number under which it is kept once it is compiled.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// Returns what it reads besides the record.
    pub fn uses(&self) -> &Uses {
        &self.uses
    }

    /// Compiles its regular expressions.
    pub fn patterns(&self) -> Patterns {
        Patterns::compile(&self.uses.patterns)
    }

    /// Parses the program again. This gives `Some`, because the program was
    /// parsed when it was checked.
    pub fn term(&self) -> Option<Term<&str>> {
        let tokens = Lexer::new(&self.text).lex().ok()?;
        Parser::new(&tokens).parse(|parser| parser.term()).ok()
    }
}
