//! The first row of a CSV file, which names its columns, or else is something that is no CSV: an error
//! in plain text would be taken for a head row without rows.

use std::io::BufRead as _;

use mef_source::Path;
use mef_source::checked::Expects;

use super::content::{BOM, broken, other};
use super::unpack::File;
use crate::page::page_error::PageError;

/// Returns whether the file has any content. Refuses an error page, which would be taken for column
/// names.
pub(super) fn has_head_row(file: &mut File<'_>) -> Result<bool, PageError> {
    let text = file.fill_buf().map_err(|error| broken("CSV", error))?;
    let is_empty = text.is_empty();
    let text = text.strip_prefix(BOM).unwrap_or(text).trim_ascii_start();
    match text.first() {
        Some(first @ (b'<' | b'{' | b'[')) => {
            let reason = format!("`{}` begins no head row", char::from(*first));
            Err(other("CSV", reason))
        }
        _ => Ok(!is_empty),
    }
}

/// Refuses a first row that has no column that the cursor reads, or one value alone that is not what the
/// event reads.
pub(super) fn names_columns(names: &[String], expects: &Expects) -> Result<(), PageError> {
    let mut paths = expects.cursor.iter();
    if !expects.cursor.is_empty() && !paths.any(|path| is_in(names, path)) {
        let paths = expects.cursor.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>();
        let reason = format!("its first row has no column of {}", paths.join(" or "));
        return Err(other("CSV", reason));
    }
    match names.len() == 1 && !expects.event.is_empty() {
        true => is_read(names, expects),
        false => Ok(()),
    }
}

/// Refuses a first row behind which there are no rows, if nothing shows that it names columns.
pub(super) fn stands_alone(names: &[String], expects: &Expects) -> Result<(), PageError> {
    match names.len() > 1 && expects.event.is_empty() {
        true => Ok(()),
        false => is_read(names, expects),
    }
}

fn is_read(names: &[String], expects: &Expects) -> Result<(), PageError> {
    let mut paths = expects.cursor.iter().chain(&expects.event);
    if paths.any(|path| is_in(names, path)) {
        return Ok(());
    }
    Err(other(
        "CSV",
        "its first row has no column that the source file reads, so it is no head row",
    ))
}

fn is_in(names: &[String], path: &Path) -> bool {
    path.segments().first().is_none_or(|column| names.contains(column))
}
