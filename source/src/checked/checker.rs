//! Collects problems while the written form is understood, so that one run of
//! `mef check` reports all of them.

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
    /// The file, for what its values were written as.
    pub(crate) text: &'t str,
    pub(crate) problems: Vec<Problem>,
}

impl Checker<'_> {
    pub(crate) fn error(&mut self, place: Option<Place>, message: impl Into<String>) {
        self.problems.push(Problem::error(place, message));
    }

    pub(crate) fn error_with(
        &mut self,
        place: Option<Place>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Problem::error(place, message).help(help));
    }

    pub(crate) fn warn(
        &mut self,
        place: Option<Place>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Problem::warning(place, message).help(help));
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    pub(crate) fn path(&mut self, text: &Located<String>, roots: &[Root]) -> Option<Path> {
        self.path_at(text.place(), text, roots)
    }

    pub(crate) fn path_at(
        &mut self,
        place: Option<Place>,
        text: &str,
        roots: &[Root],
    ) -> Option<Path> {
        match Path::parse(text, roots) {
            Ok(path) => Some(path),
            Err(error) => {
                self.error(place, error.to_string());
                None
            }
        }
    }

    /// The paths of alternatives; an empty list would quietly find nothing.
    pub(crate) fn alternatives(
        &mut self,
        key: &str,
        written: &Located<OneOrMany>,
        roots: &[Root],
    ) -> Option<Vec<Path>> {
        if written.iter().next().is_none() {
            self.error_with(
                written.place(),
                format!("`{key}` names no place"),
                "an empty list finds nothing; name a path or several",
            );
            return None;
        }
        let paths: Vec<_> = written
            .iter()
            .map(|(text, place)| self.path_at(place.or(written.place()), text, roots))
            .collect();
        paths.into_iter().collect()
    }

    pub(crate) fn template(
        &mut self,
        text: &Located<String>,
        roots: &[Root],
        lookups: &Lookups,
    ) -> Option<Template> {
        let template = self.signing_template(text, roots, lookups)?;
        if template.signed_paths().next().is_some() {
            self.error_with(
                text.place(),
                "there is no key here to make an HMAC with",
                "`hmac_hex` and `hmac_base64` stand in `respond` of a handshake",
            );
            return None;
        }
        Some(template)
    }

    /// A template that may also have filters which need a key.
    pub(crate) fn signing_template(
        &mut self,
        text: &Located<String>,
        roots: &[Root],
        lookups: &Lookups,
    ) -> Option<Template> {
        match Template::parse(text, roots, lookups) {
            Ok(template) => Some(template),
            Err(error) => {
                let rest = text.get(error.offset..).and_then(|rest| rest.lines().next());
                let shown: String = rest.unwrap_or_default().chars().take(30).collect();
                self.error(text.place(), format!("{error}, at `{shown}`"));
                None
            }
        }
    }

    pub(crate) fn duration(&mut self, text: &Located<String>) -> Option<Duration> {
        self.unit(text, units::parse_duration)
    }

    pub(crate) fn duration_or(
        &mut self,
        text: Option<&Located<String>>,
        default: Duration,
    ) -> Duration {
        text.and_then(|text| self.duration(text)).unwrap_or(default)
    }

    pub(crate) fn size_or(&mut self, text: Option<&Located<String>>, default: usize) -> usize {
        text.and_then(|text| self.unit(text, units::parse_size)).unwrap_or(default)
    }

    pub(crate) fn rate(&mut self, text: &Located<String>) -> Option<Duration> {
        self.unit(text, units::parse_rate)
    }

    pub(crate) fn time(&mut self, text: &Located<String>) -> Option<Timestamp> {
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
    ) -> Option<T> {
        match parse(text) {
            Ok(value) => Some(value),
            Err(help) => {
                self.error_with(text.place(), format!("`{}` cannot be read", &**text), help);
                None
            }
        }
    }
}
