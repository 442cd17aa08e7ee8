//! CSV (RFC 4180): each row an object of texts.

use csv::ReaderBuilder;
use serde_json::{Map, Value};

use super::unpack::File;
use super::{Take, broken, other};
use crate::page::PageError;

/// Reads a file of rows. The columns are called as `columns` says, or else as
/// the first row does.
pub(super) fn read(
    file: &mut File<'_>,
    separator: u8,
    columns: &[String],
    take: &mut Take<'_>,
) -> Result<(), PageError> {
    let failed = |error: csv::Error| broken("CSV", error);
    let mut reader = ReaderBuilder::new().delimiter(separator).has_headers(false).from_reader(file);
    let mut names = columns.to_vec();
    for row in reader.records() {
        let row = row.map_err(failed)?;
        if names.is_empty() {
            names = row.iter().map(str::to_owned).collect();
            continue;
        }
        if row.len() != names.len() {
            let reason = format!("a row has {} values for {} columns", row.len(), names.len());
            return Err(broken("CSV", reason));
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
