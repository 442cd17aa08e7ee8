//! Partitions: several streams of a source that the same requests read.
//!
//! Each has a cursor of its own, so one that fails or lags does not hold up others.

use super::origins::Origins;
use super::pages::Pages;
use super::pages::keys::pages_of;
use super::request::Requests;
use super::request::scope::RequestScope;
use crate::checked::checker::{Checker, Told};
use crate::path::{Path, Root};
use crate::problem::Place;
use crate::template::Template;
use crate::written::{self, Located};

/// A partition's name is part of the key under which its cursor is kept.
const LONGEST: usize = 200;
/// The names of the cursors of backfills begin with this.
const RESERVED: &str = "backfill ";

/// The streams of a source.
#[derive(Clone, Debug)]
pub enum Partitions {
    /// These: the values of `{partition}`.
    List(Vec<String>),
    /// Those that the vendor lists.
    Request(Box<PartitionRequest>),
}

/// The request that lists the streams of a source.
#[derive(Clone, Debug)]
pub struct PartitionRequest {
    /// How they are requested, and where they are.
    pub pages: Pages,
    /// A stream's name, as a template over what is listed.
    pub name: Template,
    /// Where a listed partition has what requests read as `{partition.NAME}`.
    pub values: Vec<(String, Path)>,
}

impl Partitions {
    /// Returns the streams that the source file names.
    pub fn named(&self) -> &[String] {
        match self {
            Partitions::List(names) => names,
            Partitions::Request(_) => &[],
        }
    }

    /// Returns whether there can be a stream with this name.
    pub fn may_have(&self, name: &str) -> bool {
        match self {
            Partitions::List(names) => names.iter().any(|known| known == name),
            Partitions::Request(_) => name_problem(name).is_none(),
        }
    }
}

/// Returns what is wrong with a partition's name and how to correct it, or `None` if
/// it is good.
pub fn name_problem(name: &str) -> Option<(&'static str, &'static str)> {
    if name.is_empty() || name.len() > LONGEST || name.chars().any(char::is_control) {
        return Some((
            "this cannot name a partition",
            "a partition has 1 to 200 bytes, none of them a control character",
        ));
    }
    name.starts_with(RESERVED).then_some((
        "a partition's name cannot begin with `backfill `",
        "the cursors of `mef backfill` are named so",
    ))
}

impl RequestScope<'_, '_> {
    /// Reads the streams.
    pub(crate) fn partitions(
        &mut self,
        written: &Located<written::Partitions>,
    ) -> Result<Partitions, Told> {
        let written = match &**written {
            written::Partitions::List(list) => {
                return Ok(Partitions::List(names(list, written.place(), self.checker)));
            }
            written::Partitions::Request(written) => written,
        };
        let pages = self.pages(&pages_of!(written));
        let values = self.values(&written.values, &[Root::Record]);
        let name = self.with(&[Root::Record, Root::Var], |scope| scope.template(&written.name))?;
        if !name.paths().any(|path| path.root() == Root::Record) {
            self.checker.error_with(
                written.name.place(),
                "every partition would have this name",
                "use what is listed: such as `\"{id}\"`",
            );
        }
        let (pages, values) = (pages?, values?);
        Ok(Partitions::Request(Box::new(PartitionRequest { pages, name, values })))
    }
}

fn names(list: &[Located<String>], place: Option<Place>, checker: &mut Checker<'_>) -> Vec<String> {
    if list.is_empty() {
        checker.error_with(place, "`partitions` has none", "without any, nothing would be read");
    }
    let mut names: Vec<String> = Vec::new();
    for name in list {
        if let Some((problem, help)) = name_problem(name) {
            checker.error_with(name.place(), problem, help);
        } else if names.contains(name) {
            checker.error(name.place(), format!("the partition `{}` is written twice", &**name));
        } else {
            names.push((**name).clone());
        }
    }
    names
}

/// Reports partitions that do not go with the requests that read them.
pub(crate) fn check(
    partitions: &Partitions,
    written: &Located<written::Partitions>,
    requests: &Requests<'_>,
    origins: &Origins,
    checker: &mut Checker<'_>,
) {
    if !requests.paths().any(|path| path.root() == Root::Partition) {
        checker.error_with(
            written.place(),
            "the request does not use `{partition}`",
            "without it every partition would read the same",
        );
    }
    if let (Partitions::Request(listed), written::Partitions::Request(written)) =
        (partitions, &**written)
    {
        origins.reach_pages(&listed.pages, written.request.place(), checker);
    }
}
