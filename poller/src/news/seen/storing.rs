//! What is stored of the ids that a run knows.

use mef_ports::SeenId;

use crate::ask::fetch_error::MOST_IDS;
use crate::news::seen::Seen;
use crate::news::seen::by_hash::Hashes;
use crate::news::seen::entry::Entry;
use crate::news::seen::needed::Needed;
use crate::news::seen::stored::Change;
use crate::news::seen::twins::Content;

impl Seen {
    /// Returns what a page changes of the ids that are stored. `is_through` says whether the ids that
    /// only the pages before it needed can be forgotten.
    pub(crate) fn store_with(&mut self, needed: &Needed, is_through: bool) -> Change {
        self.last_needed = Some(*needed);
        let known = self.needed.len();
        if let Some(changed) = self.stored.take_changed_by_page(needed, known, is_through) {
            let is_needed = |entry: &&Entry| needed.latest > 0 || needed.includes(entry.time_ms());
            let ids = self.to_add(&changed, is_needed);
            return self.stored.add(ids);
        }
        let latest = self.needed.len().saturating_sub(needed.latest);
        let mut stored = Hashes::default();
        let queue = self.needed.iter().enumerate();
        let ids = queue.filter_map(|(index, hash)| {
            let entry = self.known.get(hash)?;
            let time_ms = entry.time_ms();
            let is_needed = index >= latest || needed.includes(time_ms);
            (is_needed && stored.insert(*hash)).then(|| self.to_store(*hash, time_ms, Some(entry)))
        });
        let ids = ids.collect();
        self.replace_all(ids)
    }

    /// Returns what a part of a page changes of the ids that are stored: what is delivered of it.
    pub(crate) fn store_part(&mut self) -> Change {
        let Some(mut changed) = self.stored.take_changed(self.needed.len()) else {
            return self.replace_all(self.all_delivered(true));
        };
        changed.retain(|hash| {
            let is_in_flight = self.in_flight.contains(hash);
            if is_in_flight {
                self.stored.note(*hash);
            }
            !is_in_flight
        });
        let ids = self.to_add(&changed, |_| true);
        self.stored.add(ids)
    }

    fn to_add(&self, hashes: &[u64], is_needed: impl Fn(&&Entry) -> bool) -> Vec<SeenId> {
        let entry = |hash| self.known.get(hash).filter(&is_needed);
        let ids = hashes.iter().filter_map(|hash| {
            entry(hash).map(|entry| self.to_store(*hash, entry.time_ms(), Some(entry)))
        });
        ids.collect()
    }

    /// Notes that the last change of what is stored is made. Until then, nothing is built on it.
    pub(crate) fn note_stored(&mut self) {
        self.stored.note_made();
    }

    /// Stores these ids in place of all others.
    pub(crate) fn replace_all(&mut self, ids: Vec<SeenId>) -> Change {
        self.stored.replace(ids, &self.in_flight)
    }

    /// Returns everything that is delivered, as far as there is room. A late record can push others to
    /// later pages if the vendor numbers its pages, and the vendor may go by the time at which
    /// it got a record. This is too much to store with each page.
    pub(crate) fn all_delivered(&self, is_open: bool) -> Vec<SeenId> {
        let time_ms = |hash| self.known.get(hash).map(Entry::time_ms);
        let others = self.others.iter().map(|(hash, read_ms)| {
            let read_ms = read_ms.filter(|_| !is_open);
            (*hash, read_ms.or_else(|| time_ms(hash)))
        });
        let all = others.chain(self.needed.iter().map(|hash| (*hash, time_ms(hash))));
        let all: Vec<_> = all.filter(|(hash, _)| !self.in_flight.contains(hash)).collect();
        let mut stored = Hashes::default();
        let latest = all.into_iter().rev().filter_map(|(hash, time_ms)| {
            let time_ms = time_ms?;
            stored.insert(hash).then(|| self.to_store(hash, time_ms, self.known.get(&hash)))
        });
        let mut ids: Vec<_> = latest.take(MOST_IDS).collect();
        ids.reverse();
        ids
    }

    /// Returns the id with what its record says, or that it stands on a page before the one at hand.
    fn to_store(&self, hash: u64, time_ms: i64, entry: Option<&Entry>) -> SeenId {
        let now = entry.map(Entry::content);
        let says = now.filter(|now| now.is_of_record() || *now == Content::PASSED);
        let says = says.or_else(|| self.earlier.get(hash));
        SeenId { hash, time_ms }.with_content(says.map_or(0, Content::bits))
    }

    /// Returns whether the place of any record counts by which page it stands on.
    pub(crate) fn any_passed(&self) -> bool {
        self.any_whole
    }

    /// Returns whether more is to be stored at the end of a run than with its last page.
    pub(crate) fn has_others(&self) -> bool {
        !self.others.is_empty()
    }

    /// Returns how many ids the run forgets at its end that a later one may need, if it stores
    /// `stored`. While what is open may be read again `from_start`, that is all of them.
    pub(crate) fn forgotten(&self, stored: &[SeenId], from_start: bool) -> u64 {
        let is_needed = |time_ms: i64| match &self.last_needed {
            _ if from_start => true,
            Some(needed) => needed.includes(time_ms),
            None => false,
        };
        let known = self
            .known
            .iter()
            .filter(|(hash, entry)| is_needed(entry.time_ms()) && !self.in_flight.contains(hash));
        let stored = stored.iter().filter(|id| is_needed(id.time_and_content().0));
        self.without_room + known.count().saturating_sub(stored.count()) as u64
    }
}
