//! Moments in columns: milliseconds if SQL compares them, RFC 3339 if every digit must
//! come back.

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::Type;

/// Reads a moment that was written as RFC 3339; `None` if the column is null.
pub(crate) fn optional(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|error: jiff::Error| broken(column, error))).transpose()
}

/// Returns the nanoseconds since the epoch. An `i64` holds them up to the year 2262.
pub(crate) fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

/// The error of a column that does not hold what this crate wrote.
pub(crate) fn broken(
    column: usize,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}
