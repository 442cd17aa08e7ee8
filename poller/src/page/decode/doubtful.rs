//! Lines that are no records, until it is clear that the page has records at all.
//!
//! One line among others is a damaged record. A page of nothing but such lines is in another format:
//! taking it would move the cursor past what the vendor has not sent.

use super::content::Take;
use crate::page::page_error::PageError;
use crate::page::record::{Unread, Unreadable};

/// How many lines may wait for the first record.
const MOST_WAITING: usize = 1_000;

/// Lines that are no records.
#[derive(Default)]
pub(super) struct Doubtful {
    has_records: bool,
    waiting: Vec<Unreadable>,
    /// What is wrong if the page has no record.
    fault: Option<PageError>,
}

impl Doubtful {
    /// Takes a record, and all lines that waited for one.
    pub(super) fn record(&mut self, record: Unread, take: &mut Take<'_>) -> Result<(), PageError> {
        self.has_records = true;
        self.waiting.drain(..).try_for_each(|line| take(Unread::Damaged(line)))?;
        take(record)
    }

    /// Takes a line that is no record; `fault` is what is wrong if the page has none.
    pub(super) fn line(
        &mut self,
        line: Unreadable,
        fault: PageError,
        take: &mut Take<'_>,
    ) -> Result<(), PageError> {
        if self.has_records {
            return take(Unread::Damaged(line));
        }
        if self.waiting.len() == MOST_WAITING {
            return Err(self.fault.take().unwrap_or(fault));
        }
        self.waiting.push(line);
        self.fault.get_or_insert(fault);
        Ok(())
    }

    /// Ends the page.
    pub(super) fn end(self) -> Result<(), PageError> {
        match self.fault {
            Some(fault) if !self.has_records => Err(fault),
            _ => Ok(()),
        }
    }
}
