//! How much of a page may be held in memory.
//!
//! A few megabytes of small values take a hundred times their bytes in memory, so a vendor could
//! make us run out of it. Records and values are therefore counted, whatever their format.

use mef_pipeline::{MOST_RECORDS, values_in};

use crate::page::page_error::PageError;

/// The most values that are held at once. Each takes about a hundred bytes.
pub(crate) const MOST_VALUES: usize = 1_000_000;
/// The most bytes of rows: as many as two pages, or as this if pages are small. Each row repeats
/// the column names.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// What is held of a page so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Held {
    records: usize,
    values: usize,
    bytes: usize,
}

impl Held {
    /// Adds a record that is read later.
    pub(crate) fn take_record(&mut self) -> Result<(), PageError> {
        self.take_records(1)
    }

    /// Adds records that are read later.
    pub(crate) fn take_records(&mut self, count: usize) -> Result<(), PageError> {
        self.records = self.records.saturating_add(count);
        self.fits()
    }

    /// Adds a line or row of `length` bytes, of a page of `max_page` bytes, which is read later.
    pub(crate) fn take_line(&mut self, length: usize, max_page: usize) -> Result<(), PageError> {
        let most = max_page.saturating_mul(2).max(MOST_BYTES);
        self.bytes = self.bytes.saturating_add(length);
        if self.bytes > most {
            return Err(PageError::TooManyBytes(most));
        }
        self.take_record()
    }

    /// Adds the values of the JSON `text`.
    pub(crate) fn take_values(&mut self, text: &[u8]) -> Result<(), PageError> {
        self.take_value_count(values_in(text))
    }

    /// Adds values.
    pub(crate) fn take_value_count(&mut self, count: usize) -> Result<(), PageError> {
        self.values = self.values.saturating_add(count);
        self.fits()
    }

    /// # Errors
    ///
    /// Fails if it is more than may be held.
    pub(crate) fn fits(&self) -> Result<(), PageError> {
        if self.records > MOST_RECORDS {
            return Err(PageError::TooManyRecords(MOST_RECORDS));
        }
        if self.values > MOST_VALUES {
            return Err(PageError::TooManyValues(MOST_VALUES));
        }
        Ok(())
    }
}
