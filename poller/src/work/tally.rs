//! Comparing what was read with what the vendor counts.
//!
//! Where pages are counted, a record that is deleted or changed moves those behind it to earlier
//! pages, and one of them is passed over. A total that shrinks shows it.

use mef_ports::Counted;
use mef_source::checked::{Next, Pages};

use crate::page::read::Page;

/// What was read of one listing.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Whether pages are asked for by how many come before them.
    counts_pages: bool,
    /// Whether it was read from its first page on.
    is_whole: bool,
    /// What the vendor counted on the last page.
    total: Option<u64>,
    /// How many records were read.
    read: u64,
    /// By how much the total has shrunk.
    shrunk: u64,
    /// Whether it may still be read anew.
    may_begin_anew: bool,
}

impl Tally {
    /// Returns the tally of a reading of `pages` that begins at the first.
    pub(crate) fn begin(pages: &Pages) -> Tally {
        let counts_pages = matches!(pages.next, Some(Next::Page { .. } | Next::Offset { .. }));
        Tally {
            counts_pages,
            is_whole: true,
            total: None,
            read: 0,
            shrunk: 0,
            may_begin_anew: true,
        }
    }

    /// Returns the tally of a reading that an earlier run began and `counted`. It does not begin anew:
    /// what shrinks all the time, and takes more than one run, would never be read to its end.
    pub(crate) fn go_on(pages: &Pages, counted: Option<Counted>) -> Tally {
        let begun = Tally { may_begin_anew: false, ..Tally::begin(pages) };
        match counted {
            Some(Counted { total, read, shrunk }) => {
                Tally { total: Some(total), read, shrunk, ..begun }
            }
            None => Tally { is_whole: false, ..begun },
        }
    }

    /// Returns whether the listing has to be read anew, since the vendor counts fewer records than on
    /// the page before. That is so once: a listing may shrink all the time.
    pub(crate) fn has_shrunk(&mut self, page: &Page) -> bool {
        let has_shrunk = self.counts_pages && page.total.is_some() && page.total < self.total;
        let is_anew = has_shrunk && std::mem::take(&mut self.may_begin_anew);
        if is_anew {
            self.begin_again();
        }
        is_anew
    }

    /// Notes a page.
    pub(crate) fn note(&mut self, page: &Page) {
        if let Some((before, now)) = self.total.zip(page.total).filter(|_| self.counts_pages) {
            self.shrunk += before.saturating_sub(now);
        }
        self.total = page.total.or(self.total);
        self.read += page.records.len() as u64;
    }

    /// Begins again at the first page.
    pub(crate) fn begin_again(&mut self) {
        (self.is_whole, self.total, self.read, self.shrunk) = (true, None, 0, 0);
    }

    /// Returns what a later run has to know to go on counting.
    pub(crate) fn counted(&self) -> Option<Counted> {
        let Tally { total, read, shrunk, .. } = *self;
        Some(Counted { total: total.filter(|_| self.is_whole)?, read, shrunk })
    }

    /// Returns how many of the records that the vendor counted it may not have given.
    pub(crate) fn missing(&self) -> u64 {
        let total = self.total.filter(|_| self.is_whole).unwrap_or_default();
        self.shrunk.max(total.saturating_sub(self.read))
    }
}
