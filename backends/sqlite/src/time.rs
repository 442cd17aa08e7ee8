//! Moments in columns: milliseconds where they are compared in SQL, RFC 3339
//! where every digit has to come back.

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::Type;

/// Reads a moment that was written as RFC 3339; null is none.
pub(crate) fn optional(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|error: jiff::Error| broken(column, error))).transpose()
}

/// A moment that is compared to the nanosecond: 64 bits of them reach to the year
/// 2262.
pub(crate) fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

/// A column that does not hold what this crate wrote.
pub(crate) fn broken(
    column: usize,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}
