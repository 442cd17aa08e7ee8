//! The ids of delivered records that a later page may bring again.
//!
//! Windows overlap and vendors' bounds are inclusive, so the same record comes twice by design. A
//! run knows the ids of all that it reads of a window, however often that is read again. What the
//! next run may need of them is stored, as far as an item of the store has room: when it is full,
//! the oldest go and their records may come twice; no record is ever lost.

pub(crate) mod by_hash;
mod earlier;
pub(crate) mod entry;
pub(crate) mod key;
pub(crate) mod needed;
pub(crate) mod stored;
mod storing;
#[cfg(test)]
mod tests;
pub(crate) mod twins;

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use mef_ports::{RunSummary, SeenId};

use crate::ask::fetch_error::MOST_IDS;
use crate::news::seen::by_hash::{ByHash, Hashes};
use crate::news::seen::earlier::Earlier;
use crate::news::seen::entry::Entry;
use crate::news::seen::key::{Identity, Key, hash, numbered};
use crate::news::seen::needed::Needed;
use crate::news::seen::stored::Stored;
use crate::news::seen::twins::{Content, Twins};

/// How many ids a run knows at most. The table of so many takes 36 MB, and is full then: a table
/// of twice the size would be too much for a small function.
pub(crate) const MOST_KNOWN: usize = (1 << 21) / 8 * 7;

/// Until when a record may come again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stay {
    /// Its time, or that by which the vendor may give it.
    pub(crate) time: Timestamp,
    /// When it was read, which counts as far as there is room: the vendor may go by that.
    pub(crate) read: Option<Timestamp>,
    /// Whether it counts from the latest time it comes. If not, it counts from the earliest: a later
    /// one may be another record.
    pub(crate) renews: bool,
}

/// What later requests bring again of what is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ComesAgain {
    /// Not the page at hand: they lead on from it.
    Nothing,
    /// The page at hand.
    Page,
    /// All of it, if they ask for it.
    All,
}

/// The ids of records that were delivered.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    known: ByHash<Entry>,
    twins: Twins,
    earlier: Earlier,
    /// Those that a later read may bring again, the oldest first.
    needed: VecDeque<u64>,
    /// The latest others, and all that were lately read: when they were.
    others: VecDeque<(u64, Option<i64>)>,
    /// The hashes of the page at hand, which is not delivered yet.
    in_flight: Hashes,
    /// What was met on the page at hand, of records that are known by all of their text.
    page: Vec<u64>,
    /// Whether such a record was met in this reading.
    any_whole: bool,
    /// How many ids had no room.
    without_room: u64,
    /// What is needed after the last page that was delivered.
    last_needed: Option<Needed>,
    /// For a source that wants repeats: what is delivered of the page at which an earlier run
    /// ended.
    resumed: Option<Hashes>,
    /// Tells the items of one job from those of another.
    job: u64,
    stored: Stored,
}

impl Seen {
    /// Returns the set that was stored. The first `passed` of the ids are of pages that do not come
    /// again if reading goes on, and so are those that say it; without `passed` none is.
    pub(crate) fn load(ids: &[SeenId], passed: Option<usize>) -> Seen {
        let mut seen = Seen::default();
        let (mut any_passed, mut is_stale) = (false, false);
        // Of an id that is there twice, the later counts.
        let mut met = Hashes::default();
        let latest = ids.iter().enumerate().rev().filter(|(_, id)| met.insert(id.hash));
        let mut latest: Vec<_> = latest.take(MOST_IDS + 1).collect();
        if latest.len() > MOST_IDS {
            latest.pop();
            is_stale = true;
        }
        for (index, id) in latest.into_iter().rev() {
            let (time_ms, says) = id.time_and_content();
            let says = Content::from_bits(says);
            let says_passed = says == Content::PASSED;
            let is_passed = passed.is_some_and(|passed| says_passed || index < passed);
            any_passed |= is_passed;
            is_stale |= is_passed != says_passed;
            let content = if is_passed { Content::PASSED } else { Content::NONE };
            seen.known.insert(id.hash, Entry::new(time_ms, content));
            seen.needed.push_back(id.hash);
            seen.earlier.keep(id.hash, says);
        }
        seen.any_whole = any_passed;
        seen.stored = Stored::load(ids, is_stale);
        seen
    }

    /// Keeps the ids of one job apart from those of others: part numbers, for example, are the same
    /// in every job. `values` name the job.
    pub(crate) fn within_job(&mut self, values: &BTreeMap<String, String>) {
        self.job = values.iter().fold(0, |job: u64, (name, value)| {
            job.rotate_left(1) ^ hash(&format!("{name}={value}"), None)
        });
    }

    /// Returns the set for a source that wants every record as often as it comes: it knows only
    /// what is delivered of one page.
    pub(crate) fn keeping_repeats(mut self, keeps_repeats: bool) -> Seen {
        if keeps_repeats {
            self.resumed = Some(self.needed.iter().copied().collect());
            self.earlier = Earlier::default();
        }
        self
    }

    /// Begins the next page, whose records say this; `again` if it is the page before it once more.
    pub(crate) fn begin_page(&mut self, again: bool, says: impl Iterator<Item = Content>) {
        self.twins.begin_page(again);
        self.earlier.begin_page(says);
    }

    /// Meets the records of a key that an earlier reading delivered, if one of them stands on the page at
    /// hand. Returns what the first says.
    fn meet_earlier(&mut self, hash: u64) -> Content {
        let Some(all) = self.earlier.on_page(hash) else { return Content::NONE };
        self.twins.meet(hash, &all);
        let first = all.first().copied().unwrap_or(Content::NONE);
        self.known.entry(hash).and_modify(|entry| entry.set_content(first));
        first
    }

    /// Begins to read at the beginning: the first of equal records is the first again.
    pub(crate) fn begin_again(&mut self) {
        self.page.clear();
        self.twins.forget_equal();
        if std::mem::take(&mut self.any_whole) {
            let known = self.known.values_mut();
            known
                .filter(|entry| entry.content().is_whole())
                .for_each(|entry| entry.set_content(Content::NONE));
            self.stored.note_stale();
        }
    }

    /// Goes on where an older program ended, which did not store what stands on which page: what it
    /// delivered from `from` on counts as of earlier pages, so that nothing is dropped.
    pub(crate) fn go_on(&mut self, from: Timestamp) {
        self.any_whole = true;
        self.stored.note_stale();
        for entry in self.known.values_mut().filter(|entry| entry.time_ms() >= ms(from)) {
            entry.set_content(Content::PASSED);
        }
    }

    /// Adds a record of the page at hand, and returns what it is known by if it is new. A repeat is
    /// counted in `summary`.
    pub(crate) fn insert(
        &mut self,
        key: Key,
        stay: Stay,
        needed: &Needed,
        summary: &mut RunSummary,
    ) -> Option<Identity> {
        let hash = key.hash ^ self.job;
        let mut first = self.known.get(&hash).map_or(Content::NONE, Entry::content);
        if first == Content::NONE && key.content.is_of_record() {
            first = self.meet_earlier(hash);
        }
        let number = match key.content.is_whole() {
            true => {
                let known = |number| self.known.get(&numbered(hash, number));
                let is_met = |number| known(number).is_some_and(|one| one.content().is_whole());
                Some(self.twins.number_of_equal(hash, is_met))
            }
            false => self.twins.number(hash, key.content, first),
        };
        let identity = number.map(|number| Identity { hash: numbered(hash, number), number });
        let identity = identity.filter(|identity| match &self.resumed {
            Some(resumed) => !resumed.contains(&identity.hash),
            None => !self.known.contains_key(&identity.hash),
        });
        match identity {
            Some(identity) => self.add(identity.hash, key.content, stay, needed),
            None => {
                summary.duplicates += 1;
                self.meet_again(number.map_or(hash, |number| numbered(hash, number)), stay, needed);
            }
        }
        if key.content.is_whole() {
            number.into_iter().for_each(|number| self.meet_equal(numbered(hash, number)));
        } else if let Some(entry) = self.known.get_mut(&hash).filter(|_| first == Content::NONE) {
            entry.set_content(key.content);
            // One that is new is noted with its content.
            if identity.is_none() {
                self.stored.note(hash);
            }
        }
        identity
    }

    /// Notes that a record which is known by all of its text stands on the page at hand.
    fn meet_equal(&mut self, hash: u64) {
        if let Some(entry) = self.known.get_mut(&hash) {
            entry.set_content(Content::WHOLE);
            self.page.push(hash);
            self.any_whole = true;
        }
    }

    fn add(&mut self, hash: u64, content: Content, stay: Stay, needed: &Needed) {
        if self.known.len() >= MOST_KNOWN && !self.known.contains_key(&hash) {
            if self.without_room == 0 {
                tracing::warn!(
                    "a window has more than {MOST_KNOWN} records: if it is read again, some come twice; make `max_window` shorter"
                );
            }
            self.without_room += 1;
            return;
        }
        let time_ms = ms(stay.time);
        self.known.insert(hash, Entry::new(time_ms, content));
        self.in_flight.insert(hash);
        let is_needed = needed.latest > 0 || needed.includes(time_ms);
        self.stored.note(hash);
        if is_needed {
            push(&mut self.needed, hash);
        }
        if !is_needed || stay.read.is_some() {
            push(&mut self.others, (hash, stay.read.map(ms)));
        }
    }

    fn meet_again(&mut self, hash: u64, stay: Stay, needed: &Needed) {
        let Some(entry) = self.known.get_mut(&hash) else { return };
        let (old, new) = (entry.time_ms(), ms(stay.time));
        let time_ms = if stay.renews { old.max(new) } else { old.min(new) };
        if time_ms != old {
            entry.set_time_ms(time_ms);
            self.stored.note(hash);
        }
        if needed.includes(time_ms) && !needed.includes(old) {
            push(&mut self.needed, hash);
        }
        if stay.read.is_some() {
            push(&mut self.others, (hash, stay.read.map(ms)));
        }
    }

    /// Notes that these records of the page at hand are delivered, and the others not yet.
    pub(crate) fn delivered(&mut self, hashes: &[u64]) {
        for hash in hashes {
            self.in_flight.remove(hash);
        }
    }

    /// Notes that the page at hand is delivered, and that the next run asks for it again.
    pub(crate) fn page_comes_again(&mut self) {
        self.in_flight.clear();
    }

    /// Notes that the page at hand is delivered, and what comes again after it.
    pub(crate) fn page_delivered(&mut self, comes_again: ComesAgain) {
        self.in_flight.clear();
        match comes_again {
            ComesAgain::Nothing => self.leave_page(Content::PASSED),
            ComesAgain::Page => {
                self.leave_page(Content::NONE);
                self.twins.forget_equal();
            }
            ComesAgain::All => self.begin_again(),
        }
        if let Some(resumed) = &mut self.resumed {
            resumed.clear();
            self.stored.note_stale();
            self.known.clear();
            self.twins.clear();
            self.needed.clear();
            self.others.clear();
        }
    }

    fn leave_page(&mut self, content: Content) {
        for hash in self.page.drain(..) {
            if let Some(entry) = self.known.get_mut(&hash) {
                entry.set_content(content);
                self.stored.note(hash);
            }
        }
    }

    /// Forgets what no later read can bring again.
    pub(crate) fn prune(&mut self, needed: &Needed) {
        self.twins.clear();
        let Seen { known, needed: queue, others, stored, .. } = self;
        let includes =
            |hash: &u64| known.get(hash).is_some_and(|entry| needed.includes(entry.time_ms()));
        // A window that was halved needs more than it did before.
        let mut queued: Hashes = queue.iter().copied().collect();
        others.retain(|(hash, read_ms)| {
            let is_needed = includes(hash);
            if is_needed && queued.insert(*hash) {
                queue.push_back(*hash);
                stored.note(*hash);
            }
            !is_needed && read_ms.is_some_and(|read_ms| needed.includes(read_ms))
        });
        queue.drain(..queue.len().saturating_sub(MOST_IDS));
        let mut left = queue.len();
        queue.retain(|hash| {
            left -= 1;
            left < needed.latest || includes(hash)
        });
        let mut kept: Hashes = others.iter().map(|(hash, _)| *hash).collect();
        if needed.latest > 0 {
            kept.extend(queue.iter().copied());
        }
        let mut says = Vec::new();
        known.retain(|hash, entry| {
            let is_kept = needed.includes(entry.time_ms()) || kept.contains(hash);
            if entry.content().is_of_record() {
                says.extend(is_kept.then_some((*hash, entry.content())));
                entry.set_content(Content::NONE);
            }
            is_kept
        });
        self.earlier.retain(|hash| known.contains_key(hash));
        says.into_iter().for_each(|(hash, content)| self.earlier.keep(hash, content));
        self.last_needed = Some(*needed);
    }
}

/// Adds to what may be stored, of which there is room for so much.
fn push<T>(queue: &mut VecDeque<T>, new: T) {
    if queue.len() >= MOST_IDS {
        queue.pop_front();
    }
    queue.push_back(new);
}

fn ms(time: Timestamp) -> i64 {
    time.as_millisecond()
}
