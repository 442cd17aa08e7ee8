//! Which streams a source has, where the same requests read several.
//!
//! Each has a cursor of its own, so one that fails or lags holds no other back.

use super::origins::pages_stay_near;
use super::pages::Pages;
use super::pages::keys::pages_of;
use super::request::Requests;
use super::request::scope::RequestScope;
use crate::checked::checker::Checker;
use crate::checked::origin::Origin;
use crate::path::{Path, Root};
use crate::template::Template;
use crate::written::{self, Located};

/// A partition's name is part of the key under which its cursor is kept.
const LONGEST: usize = 200;
/// What a backfill's cursor is kept under begins so.
const RESERVED: &str = "backfill ";

/// The streams of a source.
#[derive(Clone, Debug)]
pub enum Partitions {
    /// These, each by the value of `{partition}`.
    List(Vec<String>),
    /// Those that the vendor lists.
    Request(Box<PartitionRequest>),
}

/// The request that lists the streams of a source.
#[derive(Clone, Debug)]
pub struct PartitionRequest {
    /// How they are asked for, and where they are.
    pub pages: Pages,
    /// A stream's name, as a template of what is listed.
    pub name: Template,
    /// Where what is listed has what requests read as `{partition.NAME}`.
    pub values: Vec<(String, Path)>,
}

impl Partitions {
    /// The streams that the source file names.
    pub fn named(&self) -> &[String] {
        match self {
            Partitions::List(names) => names,
            Partitions::Request(_) => &[],
        }
    }

    /// Whether there can be a stream of this name.
    pub fn may_have(&self, name: &str) -> bool {
        match self {
            Partitions::List(names) => names.iter().any(|known| known == name),
            Partitions::Request(_) => name_problem(name).is_none(),
        }
    }
}

/// What is wrong with a partition's name, and how it should be.
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
    /// The request that lists partitions, if there is one; `None` outside where
    /// it cannot be used.
    pub(crate) fn partition_request(
        &mut self,
        written: Option<&Located<written::Partitions>>,
    ) -> Option<Option<PartitionRequest>> {
        let written::Partitions::Request(written) = &**written? else { return Some(None) };
        let pages = self.pages(&pages_of!(written));
        let values = self.values(&written.values, &[Root::Record]);
        self.partition = written.values.keys().cloned().collect();
        self.roots = vec![Root::Record, Root::Var];
        let name = self.template(&written.name)?;
        if !name.paths().any(|path| path.root() == Root::Record) {
            self.checker.error_with(
                written.name.place(),
                "every partition would have this name",
                "use what is listed: such as `\"{id}\"`",
            );
        }
        Some(Some(PartitionRequest { pages: pages?, name, values: values? }))
    }
}

pub(crate) fn check(
    written: &Located<written::Partitions>,
    listed: Option<PartitionRequest>,
    requests: &Requests<'_>,
    near: (&[Origin], &[Origin]),
    checker: &mut Checker<'_>,
) -> Option<Partitions> {
    if !requests.paths().any(|path| path.root() == Root::Partition) {
        checker.error_with(
            written.place(),
            "the request does not use `{partition}`",
            "without it every partition would read the same",
        );
    }
    let list = match (&**written, listed) {
        (written::Partitions::List(list), _) => list,
        (written::Partitions::Request(written), Some(listed)) => {
            let place = written.request.place();
            pages_stay_near(&listed.pages, place, near, checker);
            return Some(Partitions::Request(Box::new(listed)));
        }
        (written::Partitions::Request(_), None) => return None,
    };
    if list.is_empty() {
        checker.error_with(
            written.place(),
            "`partitions` has none",
            "without any, nothing would be read",
        );
    }
    let mut values: Vec<String> = Vec::new();
    for value in list {
        if let Some((problem, help)) = name_problem(value) {
            checker.error_with(value.place(), problem, help);
        } else if values.contains(value) {
            checker.error(value.place(), format!("the partition `{}` is written twice", &**value));
        } else {
            values.push((**value).clone());
        }
    }
    Some(Partitions::List(values))
}
