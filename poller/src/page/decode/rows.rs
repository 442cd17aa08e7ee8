//! Pages whose records are lines or rows.

use mef_source::checked::{Expects, PageDecode};
use serde_json::Value;

use super::content::Take;
use super::unpack::File;
use super::{csv, lines, ndjson, values};
use crate::page::page_error::PageError;

/// Reads the lines or rows, and returns what follows them.
pub(super) fn read_lines(
    decode: &PageDecode,
    expects: &Expects,
    file: &mut File<'_>,
    take: &mut Take<'_>,
) -> Result<Option<Value>, PageError> {
    match decode {
        PageDecode::Ndjson { .. } => ndjson::read(file, take).map(|()| None),
        PageDecode::JsonSeq => values::sequence(file, take).map(|()| None),
        PageDecode::Concatenated => values::one_after_another(file, take).map(|()| None),
        PageDecode::Lines => lines::read(file, take).map(|()| None),
        PageDecode::Csv(csv) => csv::read(file, csv, expects, take),
        // These have no lines.
        PageDecode::Json | PageDecode::Xml => Ok(None),
    }
}
