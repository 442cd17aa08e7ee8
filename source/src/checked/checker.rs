//! Collects problems while a file is read, so that one run of `mef check` reports
//! all of them.

use std::time::Duration;

use jiff::Timestamp;

use crate::path::{Path, Root};
use crate::problem::{Place, Problem, Severity};
use crate::template::{Lookups, Template};
use crate::units;
use crate::written::{Located, OneOrMany};

/// The problems found so far.
#[derive(Debug)]
pub(crate) struct Checker<'t> {
    /// The text of the file.
    pub(crate) text: &'t str,
    pub(crate) problems: Vec<Problem>,
}

/// Proof that a value is missing because an error was reported. Only
/// [`Checker`] makes it, so that nothing is left out without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told(());

/// Returns the values once all of them were looked at, so that every problem is
/// reported and not the first alone.
pub(crate) fn all<T>(values: impl IntoIterator<Item = Result<T, Told>>) -> Result<Vec<T>, Told> {
    let values: Vec<_> = values.into_iter().collect();
    values.into_iter().collect()
}

impl Checker<'_> {
    pub(crate) fn error(&mut self, place: Option<Place>, message: impl Into<String>) -> Told {
        self.report(Problem::error(place, message))
    }

    pub(crate) fn error_with(
        &mut self,
        place: Option<Place>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Told {
        self.report(Problem::error(place, message).help(help))
    }

    /// Reports an error that was made elsewhere.
    pub(crate) fn report(&mut self, error: Problem) -> Told {
        self.problems.push(error);
        Told(())
    }

    pub(crate) fn warn(
        &mut self,
        place: Option<Place>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Problem::warning(place, message).help(help));
    }

    /// Returns a proof if an error was reported already.
    pub(crate) fn told(&self) -> Option<Told> {
        let is_error = |problem: &Problem| problem.severity == Severity::Error;
        self.problems.iter().any(is_error).then_some(Told(()))
    }

    pub(crate) fn path(&mut self, text: &Located<String>, roots: &[Root]) -> Result<Path, Told> {
        self.path_at(text.place(), text, roots)
    }

    /// Reads a path in a record, if one is written.
    pub(crate) fn record_path(
        &mut self,
        text: Option<&Located<String>>,
    ) -> Result<Option<Path>, Told> {
        text.map(|text| self.path(text, &[Root::Record])).transpose()
    }

    pub(crate) fn path_at(
        &mut self,
        place: Option<Place>,
        text: &str,
        roots: &[Root],
    ) -> Result<Path, Told> {
        Path::parse(text, roots).map_err(|error| self.error(place, error.to_string()))
    }

    /// Reads the paths of alternatives; an empty list would quietly find nothing.
    pub(crate) fn alternatives(
        &mut self,
        key: &str,
        written: &Located<OneOrMany>,
        roots: &[Root],
    ) -> Result<Vec<Path>, Told> {
        if written.iter().next().is_none() {
            return Err(self.error_with(
                written.place(),
                format!("`{key}` names no place"),
                "an empty list finds nothing; name a path or several",
            ));
        }
        let place = written.place();
        all(written.iter().map(|(text, own)| self.path_at(own.or(place), text, roots)))
    }

    pub(crate) fn template(
        &mut self,
        text: &Located<String>,
        roots: &[Root],
        lookups: &Lookups,
    ) -> Result<Template, Told> {
        let template = self.signing_template(text, roots, lookups)?;
        if template.signed_paths().next().is_some() {
            return Err(self.error_with(
                text.place(),
                "there is no key here to make an HMAC with",
                "`hmac_hex` and `hmac_base64` stand in `respond` of a handshake",
            ));
        }
        Ok(template)
    }

    /// Reads a template that may also have filters which need a key.
    pub(crate) fn signing_template(
        &mut self,
        text: &Located<String>,
        roots: &[Root],
        lookups: &Lookups,
    ) -> Result<Template, Told> {
        Template::parse(text, roots, lookups).map_err(|error| {
            let rest = text.get(error.offset..).and_then(|rest| rest.lines().next());
            let shown: String = rest.unwrap_or_default().chars().take(30).collect();
            self.error(text.place(), format!("{error}, at `{shown}`"))
        })
    }

    pub(crate) fn duration(&mut self, text: &Located<String>) -> Result<Duration, Told> {
        self.unit(text, units::parse_duration)
    }

    pub(crate) fn duration_or(
        &mut self,
        text: Option<&Located<String>>,
        default: Duration,
    ) -> Duration {
        text.and_then(|text| self.duration(text).ok()).unwrap_or(default)
    }

    pub(crate) fn size_or(&mut self, text: Option<&Located<String>>, default: usize) -> usize {
        text.and_then(|text| self.unit(text, units::parse_size).ok()).unwrap_or(default)
    }

    pub(crate) fn rate(&mut self, text: &Located<String>) -> Result<Duration, Told> {
        self.unit(text, units::parse_rate)
    }

    pub(crate) fn time(&mut self, text: &Located<String>) -> Result<Timestamp, Told> {
        self.unit(text, |text| {
            text.parse().map_err(|_| {
                "write a moment as RFC 3339, such as `2026-12-31T00:00:00Z`".to_owned()
            })
        })
    }

    fn unit<T>(
        &mut self,
        text: &Located<String>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Told> {
        parse(text).map_err(|help| {
            self.error_with(text.place(), format!("`{}` cannot be read", &**text), help)
        })
    }
}
