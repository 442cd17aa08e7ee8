//! Where a page has its records.

use super::keys::WrittenPages;
use crate::checked::checker::{Checker, Told};
use crate::path::{Path, Root};
use crate::written::{self, Located, OneOrMany};

/// Where a page has its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// One list of them, or several, one after another.
    Lists(Vec<Path>),
    /// The values of an object.
    Values(Path),
    /// One record, which may be the whole page.
    One(Path),
    /// Each line or row is one.
    Lines,
}

pub(crate) fn records(
    written: &WrittenPages<'_>,
    is_lines: bool,
    checker: &mut Checker<'_>,
) -> Result<Records, Told> {
    let (message, help) = match (&written.records, &written.record, is_lines) {
        (Some(records), None, false) => {
            return match &***records {
                written::Records::Lists(paths) => lists(paths, records, checker),
                written::Records::Values(path) => {
                    checker.path(path, &[Root::Record]).map(Records::Values)
                }
            };
        }
        (None, Some(path), false) => return checker.path(path, &[Root::Record]).map(Records::One),
        (None, None, true) => return Ok(Records::Lines),
        (_, _, true) => (
            "each line of the page is a record, so there is no path of them",
            "leave `records` and `record` out",
        ),
        (None, None, false) => (
            "the source does not say where a page has its records",
            "write `records`, the path of a list (empty where the page is the list), or `record`, that of the one record that a page is",
        ),
        (Some(_), Some(_), false) => (
            "the source says twice where a page has its records",
            "leave `records` or `record` out",
        ),
    };
    let place = written.record.and_then(Located::place);
    let place = place.or(written.records.and_then(Located::place));
    Err(checker.error_with(place.or(written.request.place()), message, help))
}

fn lists(
    written: &OneOrMany,
    records: &Located<written::Records>,
    checker: &mut Checker<'_>,
) -> Result<Records, Told> {
    let paths = checker.alternatives("records", &records.with(written.clone()), &[Root::Record])?;
    let inside = |one: &Path, other: &Path| other.segments().starts_with(one.segments());
    for (number, ((text, place), path)) in written.iter().zip(&paths).enumerate() {
        let mut others = paths.iter().enumerate().filter(|(other, _)| *other != number);
        if others.any(|(_, other)| inside(other, path)) {
            return Err(checker.error_with(
                place.or(records.place()),
                format!("the list at `{text}` is another of these lists, or stands in one"),
                "name each list of records once",
            ));
        }
    }
    Ok(Records::Lists(paths))
}
