//! CSV (RFC 4180): each row an object of texts.

use std::io::{BufRead as _, Read as _};

use csv::{ReaderBuilder, StringRecord};
use mef_source::checked::Csv;
use serde_json::{Map, Value};

use super::content::{BOM, Take, broken, other};
use super::unpack::File;
use crate::page::page_error::PageError;

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
    take: &mut Take<'_>,
) -> Result<Option<Value>, PageError> {
    if csv.columns.is_empty() && csv.after.is_none() {
        has_head_row(file)?;
    }
    let mut reader = ReaderBuilder::new()
        .delimiter(csv.separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(file.chain(END));
    let is_line = |line: &Option<String>, row: &StringRecord| {
        let separator = char::from(csv.separator);
        line.as_ref().is_some_and(|line| line.split(separator).eq(row))
    };
    let mut names = csv.columns.clone();
    let mut at = if csv.after.is_some() { At::Head } else { At::Rows };
    let mut rows = reader.records().peekable();
    while let Some(row) = rows.next() {
        let row = row.map_err(|error| broken("CSV", error))?;
        if rows.peek().is_none() {
            let is_end = row.len() == 1 && row.get(0) == Some("end");
            return if is_end {
                end(csv, at)
            } else {
                Err(broken("CSV", "a quote is open at its end"))
            };
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
                rows.push(row.iter().collect());
                continue;
            }
        }
        if row.len() > MOST_COLUMNS {
            return Err(other("CSV", format!("a row has more than {MOST_COLUMNS} columns")));
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
    end(csv, at)
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

/// Refuses an error page, which would be taken for column names.
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
