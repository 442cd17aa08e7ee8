//! What of a page is held in memory.
//!
//! A few megabytes of small values take a hundred times their bytes, which a vendor
//! could use to end us: so records and values are counted, whatever their format.

use crate::page::page_error::PageError;

/// A page has no more records than this.
const MOST_RECORDS: usize = 200_000;
/// No more values than this are held at once: each takes about a hundred bytes.
pub(crate) const MOST_VALUES: usize = 1_000_000;
/// Nor, of rows, in each of which the names of the columns come again, more bytes than
/// two pages are or, where pages are small, than this.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// At most how many values the JSON `text` has.
pub(crate) fn values_in(text: &[u8]) -> usize {
    1 + text.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count()
}

/// What there is of a page so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Held {
    records: usize,
    values: usize,
    bytes: usize,
}

impl Held {
    /// One more record, read later.
    pub(crate) fn take_record(&mut self) -> Result<(), PageError> {
        self.take_records(1)
    }

    /// So many more records.
    pub(crate) fn take_records(&mut self, count: usize) -> Result<(), PageError> {
        self.records = self.records.saturating_add(count);
        self.fits()
    }

    /// The line or row `text` of a page of `max_page`, read later.
    pub(crate) fn take_line(&mut self, text: &str, max_page: usize) -> Result<(), PageError> {
        let most = max_page.saturating_mul(2).max(MOST_BYTES);
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > most {
            return Err(PageError::TooManyBytes(most));
        }
        self.take_record()
    }

    /// The values of the JSON `text`.
    pub(crate) fn take_values(&mut self, text: &[u8]) -> Result<(), PageError> {
        self.take_value_count(values_in(text))
    }

    /// So many more values.
    pub(crate) fn take_value_count(&mut self, count: usize) -> Result<(), PageError> {
        self.values = self.values.saturating_add(count);
        self.fits()
    }

    /// # Errors
    ///
    /// When it is more than may be held.
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
