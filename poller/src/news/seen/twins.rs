//! Telling apart the records of one reading that share a key.
//!
//! A vendor may give one id and time to several records, or list two records that are equal in all.
//! They are numbered as they come, so that the second is the second in every reading: a re-read finds
//! as many as before and brings nothing new. Where records have ids, the same record on a later
//! page is one that moved there, since pages shift while they are read.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use mef_ports::SeenId;

use crate::news::seen::by_hash::ByHash;

/// What tells the records of one key apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Content(u32);

/// The contents of the keys of one reading.
#[derive(Debug, Default)]
pub(crate) struct Twins {
    /// How many records were met of a key, where there are more than one.
    met: ByHash<u32>,
    /// How many of them have this content.
    copies: HashMap<(u64, Content), u32, RandomState>,
    /// From which number on one of those that are equal in all may be free, where it is not the first.
    equal: ByHash<u32>,
    /// How often a record with this key and content is on the page at hand.
    on_page: HashMap<(u64, Content), u32, RandomState>,
    /// Whether the page at hand is the one before it once more.
    is_page_again: bool,
}

impl Content {
    /// How many bits there are.
    pub(crate) const BITS: u32 = 22;
    /// No record of the key was met in this reading.
    pub(crate) const NONE: Content = Content(0);
    /// The key is made of the whole record, so that all that share it are equal.
    pub(crate) const WHOLE: Content = Content(1);
    /// The same, and it stands on a page before the one at hand.
    pub(crate) const PASSED: Content = Content(2);

    /// Returns the content that has this hash. It may be stored.
    pub(crate) fn of(hash: u64) -> Content {
        const MOST: u32 = SeenId::MOST_CONTENT - 3;
        Content(u32::try_from(hash % u64::from(MOST)).unwrap_or_default() + 3)
    }

    pub(crate) fn bits(self) -> u32 {
        self.0
    }

    pub(crate) fn from_bits(bits: u32) -> Content {
        Content(bits)
    }

    /// Returns whether it is what a record says that is known by its id.
    pub(crate) fn is_of_record(self) -> bool {
        self != Content::NONE && !self.is_whole()
    }

    /// Returns whether its key is made of the whole record.
    pub(crate) fn is_whole(self) -> bool {
        self == Content::WHOLE || self == Content::PASSED
    }
}

impl Twins {
    /// Begins the next page. `again` says whether it is the page before it once more.
    pub(crate) fn begin_page(&mut self, again: bool) {
        self.on_page.clear();
        self.is_page_again = again;
    }

    /// Meets records of the key that an earlier reading had, with these contents.
    pub(crate) fn meet(&mut self, key: u64, contents: &[Content]) {
        self.met.insert(key, u32::try_from(contents.len()).unwrap_or(u32::MAX));
        for content in contents {
            *self.copies.entry((key, *content)).or_default() += 1;
        }
    }

    /// Begins to count equal records anew.
    pub(crate) fn forget_equal(&mut self) {
        self.equal.clear();
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.met.clear();
        self.copies.clear();
        self.equal.clear();
    }

    /// Returns the number of a record among those of its key, from 0; `None` if it is one that was
    /// met on an earlier page. `first` is the content of the first that was met.
    pub(crate) fn number(&mut self, key: u64, content: Content, first: Content) -> Option<u32> {
        let met = self.met.get(&key).copied().unwrap_or(u32::from(first != Content::NONE));
        let copies = self.copies.get(&(key, content)).copied();
        let before = self.on_page.entry((key, content)).or_default();
        *before += 1;
        if *before <= copies.unwrap_or(u32::from(first == content)) {
            return None;
        }
        if met > 0 {
            if met == 1 {
                self.copies.insert((key, first), 1);
            }
            self.met.insert(key, met + 1);
            *self.copies.entry((key, content)).or_default() += 1;
        }
        Some(met)
    }

    /// Returns the number of a record among those that are equal in all, from 0. `is_met` says whether
    /// the one with a number was met before in this reading. On a page that comes once more, those
    /// that were met are the first.
    pub(crate) fn number_of_equal(&mut self, key: u64, is_met: impl Fn(u32) -> bool) -> u32 {
        if self.is_page_again {
            let again = self.on_page.entry((key, Content::WHOLE)).or_default();
            *again += 1;
            let number = *again - 1;
            if is_met(number) {
                return number;
            }
        }
        let mut number = self.equal.get(&key).copied().unwrap_or_default();
        while is_met(number) {
            number += 1;
        }
        if number > 0 {
            self.equal.insert(key, number + 1);
        }
        number
    }
}
