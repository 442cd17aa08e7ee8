//! CSV (RFC 4180): each row an object of texts.

use std::io::{BufRead as _, Read as _};

use csv::ReaderBuilder;
use serde_json::{Map, Value};

use super::unpack::File;
use super::{BOM, Take, broken, other};
use crate::page::PageError;

/// Put behind the file. Where a quote is still open at the file's end, this is part
/// of the quoted value and no row: so what is cut off is known, which the library
/// takes for whole.
const END: &[u8] = b"\n\"end\"";

/// Reads a file of rows. The columns are called as `columns` says, or else as
/// the first row does.
pub(super) fn read(
    file: &mut File<'_>,
    separator: u8,
    columns: &[String],
    take: &mut Take<'_>,
) -> Result<(), PageError> {
    if columns.is_empty() {
        has_head_row(file)?;
    }
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(file.chain(END));
    let mut names = columns.to_vec();
    let mut rows = reader.records().peekable();
    while let Some(row) = rows.next() {
        let row = row.map_err(|error| broken("CSV", error))?;
        if rows.peek().is_none() {
            let is_end = row.len() == 1 && row.get(0) == Some("end");
            return if is_end { Ok(()) } else { Err(broken("CSV", "a quote is open at its end")) };
        }
        if names.is_empty() {
            names = row.iter().map(str::to_owned).collect();
            continue;
        }
        if row.len() != names.len() {
            let reason = format!("a row has {} values for {} columns", row.len(), names.len());
            rows.next();
            let is_cut = row.len() < names.len() && rows.peek().is_none();
            return Err(if is_cut { broken("CSV", reason) } else { other("CSV", reason) });
        }
        let mut object = Map::new();
        for (name, value) in names.iter().zip(&row) {
            if object.insert(name.clone(), Value::from(value)).is_some() {
                return Err(other("CSV", format!("two columns are called `{name}`")));
            }
        }
        take(Value::Object(object))?;
    }
    Ok(())
}

/// Refuses an error page, which would be taken for the names of columns.
fn has_head_row(file: &mut File<'_>) -> Result<(), PageError> {
    let text = file.fill_buf().map_err(|error| broken("CSV", error))?;
    let text = text.strip_prefix(BOM).unwrap_or(text).trim_ascii_start();
    match text.first() {
        Some(first @ (b'<' | b'{' | b'[')) => {
            let reason = format!("`{}` begins no head row", char::from(*first));
            Err(other("CSV", reason))
        }
        _ => Ok(()),
    }
}
