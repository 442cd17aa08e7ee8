//! Noticing a vendor that leads in a circle: that is an error, not a bill.

use std::collections::HashSet;

use mef_ports::ResumeAt;
use mef_source::checked::{Next, Pages};

use crate::news::seen::key::hash;
use crate::page::read::Page;

/// How many pages in a row may have no record and yet lead on.
const MOST_EMPTY: u32 = 100;

/// Watches the pages of one reading.
#[derive(Debug, Default)]
pub(crate) struct LoopGuard {
    visited: HashSet<u64>,
    last_page: Option<[u8; 32]>,
    /// How often in a row a page came again, and how often it may.
    repeats: u32,
    may_repeat: u32,
    /// Whether the vendor keeps the place, so that all ways on may be the same.
    moves: bool,
    /// How many pages in a row had no record.
    empty: u32,
    /// Whether the last page that was noted names an earlier one.
    is_circle: bool,
}

impl LoopGuard {
    /// Returns a guard of `pages`. If all come by the same request, a page may be the same as the
    /// one before it, but not often in a row.
    pub(crate) fn new(pages: &Pages) -> LoopGuard {
        let moves = pages.next.as_ref().is_some_and(Next::moves);
        LoopGuard { moves, may_repeat: u32::from(moves), ..LoopGuard::default() }
    }

    /// Notes a place as one that was visited by an earlier run.
    pub(crate) fn has_visited(&mut self, place: &ResumeAt) {
        self.visited.insert(hash_of(place));
    }

    /// Returns whether the last page that was noted names an earlier one.
    pub(crate) fn is_circle(&self) -> bool {
        self.is_circle
    }

    /// Returns whether the last page that was noted is the one before it once more.
    pub(crate) fn came_again(&self) -> bool {
        self.repeats > 0
    }

    /// Notes a page and where it leads. The error says what is wrong if either came before.
    pub(crate) fn visit(
        &mut self,
        page: &Page,
        next: Option<&ResumeAt>,
    ) -> Result<(), &'static str> {
        let repeated = self.last_page.replace(page.digest) == Some(page.digest);
        self.repeats = if repeated { self.repeats + 1 } else { 0 };
        self.empty = if page.records.is_empty() { self.empty + 1 } else { 0 };
        // The last page leads nowhere, whatever is on it.
        let Some(next) = next else { return Ok(()) };
        if self.repeats > self.may_repeat && !page.records.is_empty() {
            return Err("the same page came again");
        }
        if self.empty >= MOST_EMPTY {
            return Err(
                "100 pages in a row have no record, and each names another: write under `stop` how the \
                 last page is known, such as `empty_page`, `unless` or `link_when`",
            );
        }
        self.is_circle = !self.moves && !self.visited.insert(hash_of(next));
        if !self.is_circle {
            return Ok(());
        }
        Err(
            "a page names an earlier page as the next: if each request with that token brings other \
             records, write `again: true` beside it; if it means that there is no other page, list \
             it under `none`, or write `same_next` under `stop`",
        )
    }
}

fn hash_of((ResumeAt::Url(text) | ResumeAt::Token(text)): &ResumeAt) -> u64 {
    hash(text, None)
}
