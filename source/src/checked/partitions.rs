//! Which streams a source has, where the same requests read several.
//!
//! Each has a cursor of its own, so one that fails or lags holds no other back.

use super::checker::Checker;
use super::request::Request;
use crate::Root;
use crate::written::{self, Located};

/// A partition's name is part of the key under which its cursor is kept.
const LONGEST: usize = 200;
/// What a backfill's cursor is kept under begins so.
const RESERVED: &str = "backfill ";

/// The streams of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Partitions {
    /// These, each by the value of `{partition}`.
    List(Vec<String>),
}

pub(super) fn check(
    written: Option<&Located<written::Partitions>>,
    request: &Request,
    checker: &mut Checker<'_>,
) -> Option<Partitions> {
    let written = written?;
    let written::Partitions::List(list) = &**written;
    if list.is_empty() {
        checker.error_with(
            written.place(),
            "`partitions` has none",
            "without any, nothing would be read",
        );
    }
    if !request
        .templates()
        .into_iter()
        .flat_map(crate::Template::paths)
        .any(|path| path.root() == Root::Partition)
    {
        checker.error_with(
            written.place(),
            "the request does not use `{partition}`",
            "without it every partition would read the same",
        );
    }
    let mut values: Vec<String> = Vec::new();
    for value in list {
        if value.is_empty() || value.len() > LONGEST || value.chars().any(char::is_control) {
            checker.error_with(
                value.place(),
                "this cannot name a partition",
                "a partition has 1 to 200 bytes, none of them a control character",
            );
        } else if value.starts_with(RESERVED) {
            checker.error_with(
                value.place(),
                "a partition's name cannot begin with `backfill `",
                "the cursors of `mef backfill` are named so",
            );
        } else if values.contains(value) {
            checker.error(value.place(), format!("the partition `{}` is written twice", &**value));
        } else {
            values.push((**value).clone());
        }
    }
    Some(Partitions::List(values))
}
