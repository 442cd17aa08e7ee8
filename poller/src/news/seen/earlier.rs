//! What the records said that earlier readings delivered.
//!
//! A vendor may give one id and time to several records, and list a later one before those that are
//! known. Its content tells it from them if one of them stands on the same page. If none does, it counts
//! as the record that is known: some vendors put a changing value into each response.

use std::collections::HashSet;

use crate::ask::fetch_error::MOST_IDS;
use crate::news::seen::by_hash::ByHash;
use crate::news::seen::key::numbered;
use crate::news::seen::twins::Content;

/// The contents of records that are known by their ids.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    contents: ByHash<Content>,
    /// What the records of the page at hand say, if anything is known.
    page: HashSet<Content>,
}

impl Earlier {
    /// Begins a page whose records say this.
    pub(crate) fn begin_page(&mut self, says: impl Iterator<Item = Content>) {
        self.page.clear();
        if !self.contents.is_empty() {
            self.page.extend(says);
        }
    }

    /// Keeps what a delivered record says, if it is known by its id and there is room.
    pub(crate) fn keep(&mut self, hash: u64, content: Content) {
        let has_room = self.contents.len() < MOST_IDS || self.contents.contains_key(&hash);
        if content.is_of_record() && has_room {
            self.contents.insert(hash, content);
        }
    }

    /// Forgets those that are not known any more.
    pub(crate) fn retain(&mut self, is_known: impl Fn(&u64) -> bool) {
        self.contents.retain(|hash, _| is_known(hash));
    }

    pub(crate) fn get(&self, hash: u64) -> Option<Content> {
        self.contents.get(&hash).copied()
    }

    /// Returns what the records of this key say, by their numbers, if one of them stands on the page at
    /// hand.
    pub(crate) fn on_page(&self, key: u64) -> Option<Vec<Content>> {
        let all: Vec<_> = (0..).map_while(|number| self.get(numbered(key, number))).collect();
        all.iter().any(|content| self.page.contains(content)).then_some(all)
    }
}
