//! CSV (RFC 4180): each row an object of texts.

use std::collections::HashSet;
use std::io::Read as _;

use csv::{ByteRecord, ReaderBuilder, WriterBuilder};
use mef_pipeline::DecodeError;
use mef_source::checked::{Csv, Expects};
use serde_json::Value;

use super::content::{Take, broken, other};
use super::doubtful::Doubtful;
use super::head_row::{has_head_row, names_columns, stands_alone};
use super::json_text::object;
use super::unpack::File;
use crate::page::page_error::PageError;
use crate::page::record::{Unread, Unreadable};

/// Appended to the file. The library accepts a file that is cut off inside quotes; this marker then
/// ends up in the quoted value, which shows the cut.
const END: &[u8] = b"\n\"end\"";

/// How many lines may follow the rows. They say how to go on; more lines are something else.
const MOST_ROWS_AFTER: usize = 1_000;

/// The most columns of a row.
const MOST_COLUMNS: usize = 1_000;

/// Where in a file the reader is.
enum At {
    /// Before the line after which the rows begin.
    Head,
    Rows,
    /// Behind the line that ends the rows.
    Foot(Vec<Value>),
}

/// Reads a file of rows. The columns are named by the source file, or else by the first row.
/// Returns what follows the rows, if a line ends them: a list of rows, each a list of its values.
pub(super) fn read(
    file: &mut File<'_>,
    csv: &Csv,
    expects: &Expects,
    take: &mut Take<'_>,
) -> Result<Option<Value>, PageError> {
    let has_names = !csv.columns.is_empty();
    let is_empty = !has_names && csv.after.is_none() && !has_head_row(file)?;
    let mut reader = ReaderBuilder::new()
        .delimiter(csv.separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(file.chain(END));
    let is_line = |line: &Option<String>, row: &ByteRecord| {
        let is_separator = |byte: &u8| *byte == csv.separator;
        line.as_ref().is_some_and(|line| line.as_bytes().split(is_separator).eq(row))
    };
    let mut names = csv.columns.clone();
    let mut twice = named_twice(&names);
    let mut doubtful = Doubtful::default();
    let mut at = if csv.after.is_some() { At::Head } else { At::Rows };
    let mut rows = reader.byte_records().peekable();
    let (mut after_uneven, mut has_rows) = (None, false);
    while let Some(row) = after_uneven.take().or_else(|| rows.next()) {
        let row = row.map_err(|error| broken("CSV", error))?;
        if rows.peek().is_none() {
            let is_end = row.len() == 1 && row.get(0) == Some(b"end");
            if !is_end {
                return Err(broken("CSV", "a quote is open at its end"));
            }
            break;
        }
        match &mut at {
            At::Head => {
                if is_line(&csv.after, &row) {
                    at = At::Rows;
                }
                continue;
            }
            At::Rows if is_line(&csv.before, &row) => {
                at = At::Foot(Vec::new());
                continue;
            }
            At::Rows => {}
            At::Foot(rows) if rows.len() == MOST_ROWS_AFTER => {
                return Err(other(
                    "CSV",
                    format!("more than {MOST_ROWS_AFTER} rows follow its end"),
                ));
            }
            At::Foot(rows) => {
                rows.push(texts(&row)?.into());
                continue;
            }
        }
        if row.len() > MOST_COLUMNS {
            return Err(other("CSV", format!("a row has more than {MOST_COLUMNS} columns")));
        }
        if names.is_empty() {
            names = texts(&row)?;
            names_columns(&names, expects)?;
            twice = named_twice(&names);
            continue;
        }
        has_rows = true;
        if row.len() != names.len() {
            let reason = format!("a row has {} values for {} columns", row.len(), names.len());
            after_uneven = rows.next();
            let is_last = rows.peek().is_none();
            if is_last && row.len() < names.len() {
                return Err(broken("CSV", reason));
            }
            let error = DecodeError::Row { values: row.len(), columns: names.len() };
            let line = Unreadable { text: as_csv(csv, &row).into(), error };
            doubtful.line(line, other("CSV", reason), take)?;
            continue;
        }
        if let Some(name) = &twice {
            return Err(other("CSV", format!("two columns are called `{name}`")));
        }
        let text = object(names.iter().map(String::as_str).zip(&row));
        doubtful.record(Unread::Text(text.into()), take)?;
    }
    doubtful.end()?;
    let foot = end(csv, at)?;
    // The lines around the rows show that it is a page.
    let is_framed = csv.after.is_some() || csv.before.is_some();
    match &names[..] {
        _ if has_rows || has_names || is_framed || is_empty => {}
        [] => return Err(other("CSV", "it has no head row")),
        names => stands_alone(names, expects)?,
    }
    Ok(foot)
}

/// Returns the name of two columns.
fn named_twice(names: &[String]) -> Option<String> {
    let mut known = HashSet::new();
    names.iter().find(|name| !known.insert(name.as_str())).cloned()
}

/// Returns the values of a row that is no record.
fn texts(row: &ByteRecord) -> Result<Vec<String>, PageError> {
    let text = |value: &[u8]| std::str::from_utf8(value).map(str::to_owned);
    row.iter().map(text).collect::<Result<_, _>>().map_err(|error| broken("CSV", error))
}

/// Returns a row as it is written.
fn as_csv(csv: &Csv, row: &ByteRecord) -> Vec<u8> {
    let mut writer = WriterBuilder::new().delimiter(csv.separator).from_writer(Vec::new());
    // Writing into memory does not fail.
    let _ = writer.write_byte_record(row);
    writer.into_inner().unwrap_or_default()
}

/// Returns the rows behind the end of a file that ended where the reader is.
fn end(csv: &Csv, at: At) -> Result<Option<Value>, PageError> {
    match (at, &csv.after, &csv.before) {
        (At::Foot(rows), ..) => Ok(Some(Value::Array(rows))),
        // It is another kind of response.
        (At::Head, Some(line), _) => Err(other("CSV", format!("it has no line `{line}`"))),
        (_, _, Some(line)) => Err(broken("CSV", format!("it ends before the line `{line}`"))),
        _ => Ok(None),
    }
}
