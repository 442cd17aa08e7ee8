//! The ids of delivered records that a later page may bring again.
//!
//! Windows overlap and vendors' bounds are inclusive, so the same record comes twice by design. A
//! bounded set of 64-bit hashes of id and time drops the repeat. When the set is full, the oldest
//! hashes go and their records may come twice; no record is ever lost.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use mef_ports::{RunSummary, SeenId};

use crate::ask::fetch_error::MOST_IDS;

/// How many of the latest ids are kept where the cursor follows the records, besides those that a
/// later read asks for by time: enough for a page that is given twice.
pub(crate) const LATEST: usize = 1_000;

/// The ids of records that were delivered.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Time in milliseconds by hash.
    times: HashMap<u64, i64>,
    /// The hashes in the order in which they came, to forget the oldest.
    order: VecDeque<u64>,
    /// The hashes of the page at hand, which is not delivered yet.
    in_flight: HashSet<u64>,
    /// How many ids were forgotten that a later window may need.
    overflow: u64,
    /// For a source that wants repeats: what is delivered of the page at which an earlier run
    /// ended.
    resumed: Option<HashSet<u64>>,
    /// Tells the items of one job from those of another.
    job: u64,
}

/// Which ids a later read may bring again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needed {
    /// Those from this moment on: the next window begins there.
    pub(crate) from: Timestamp,
    /// While the window is open, also ids up to this time: they are in the overlap with the window
    /// before.
    pub(crate) open_overlap_to: Option<Timestamp>,
    /// Also this many of the latest ids, whatever their time: a vendor that takes no upper bound may give
    /// again what it has just given.
    pub(crate) latest: usize,
}

impl Needed {
    fn includes(&self, time_ms: i64) -> bool {
        time_ms >= self.from.as_millisecond()
            || self.open_overlap_to.is_some_and(|to| time_ms <= to.as_millisecond())
    }
}

/// Returns the hash of a record's id and time. A record that the vendor changes and gives a new
/// time is new.
pub(crate) fn hash(id: &str, time: Option<Timestamp>) -> u64 {
    let mut context = Context::new(&SHA256);
    context.update(&time.map_or(i128::MIN, Timestamp::as_nanosecond).to_be_bytes());
    context.update(id.as_bytes());
    let digest = context.finish();
    digest.as_ref().iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

impl Seen {
    /// Returns the set that was stored.
    pub(crate) fn load(ids: Vec<SeenId>) -> Seen {
        let mut seen = Seen::default();
        let nothing_needed = |_| false;
        for id in ids {
            seen.add(id.hash, id.time_ms, nothing_needed);
        }
        seen
    }

    /// Returns whether the record is a repeat.
    pub(crate) fn contains(&self, hash: u64) -> bool {
        let hash = hash ^ self.job;
        match &self.resumed {
            Some(resumed) => resumed.contains(&hash),
            None => self.times.contains_key(&hash),
        }
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
        self.resumed = keeps_repeats.then(|| self.order.iter().copied().collect());
        self
    }

    /// Adds a record of the page at hand and returns whether it is new. A repeat is counted in
    /// `summary`, and is kept as long as its newest time needs.
    pub(crate) fn insert(
        &mut self,
        hash: u64,
        time: Timestamp,
        needed: &Needed,
        summary: &mut RunSummary,
    ) -> bool {
        let is_repeat = self.contains(hash);
        let hash = hash ^ self.job;
        if is_repeat {
            summary.duplicates += 1;
            if let Some(known) = self.times.get_mut(&hash) {
                *known = (*known).max(time.as_millisecond());
            }
            return false;
        }
        self.in_flight.insert(hash);
        self.add(hash, time.as_millisecond(), |time_ms| needed.includes(time_ms));
        true
    }

    fn add(&mut self, hash: u64, time_ms: i64, is_needed: impl Fn(i64) -> bool) {
        if self.times.insert(hash, time_ms).is_none() {
            self.order.push_back(hash);
        }
        while self.order.len() > MOST_IDS {
            let Some(oldest) = self.order.pop_front() else { break };
            if self.times.remove(&oldest).is_some_and(&is_needed) {
                self.overflow += 1;
            }
        }
    }

    /// Notes that these records of the page at hand are delivered, and the others not yet.
    pub(crate) fn delivered(&mut self, hashes: &[u64]) {
        for hash in hashes {
            self.in_flight.remove(&(hash ^ self.job));
        }
    }

    /// Notes that the page at hand is delivered, and that the next run asks for it again.
    pub(crate) fn page_comes_again(&mut self) {
        self.in_flight.clear();
    }

    /// Notes that the page at hand is delivered.
    pub(crate) fn page_delivered(&mut self) {
        self.in_flight.clear();
        if let Some(resumed) = &mut self.resumed {
            resumed.clear();
            self.clear();
        }
    }

    /// Forgets what no later read can bring again.
    pub(crate) fn prune(&mut self, needed: &Needed) {
        let mut index = 0;
        let latest = self.order.len().saturating_sub(needed.latest);
        self.order.retain(|hash| {
            index += 1;
            let kept = index > latest
                || self.times.get(hash).is_some_and(|time_ms| needed.includes(*time_ms));
            if !kept {
                self.times.remove(hash);
            }
            kept
        });
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.times.clear();
        self.order.clear();
    }

    /// Returns the ids to store.
    pub(crate) fn to_store(&self, needed: &Needed) -> Vec<SeenId> {
        let latest = self.order.len().saturating_sub(needed.latest);
        self.order
            .iter()
            .enumerate()
            .filter_map(|(index, hash)| {
                let id = SeenId { hash: *hash, time_ms: *self.times.get(hash)? };
                (index >= latest || needed.includes(id.time_ms)).then_some(id)
            })
            .collect()
    }

    /// Returns everything that is delivered, for a run that leaves its window or pass open: a late
    /// record can push others to later pages if the vendor numbers its pages. This
    /// is too much to store with each page.
    pub(crate) fn to_store_at_the_end(&self) -> Vec<SeenId> {
        let everything = Needed { from: Timestamp::MIN, open_overlap_to: None, latest: 0 };
        let mut ids = self.to_store(&everything);
        ids.retain(|id| !self.in_flight.contains(&id.hash));
        ids
    }

    /// Returns how many needed ids were forgotten since the last call.
    pub(crate) fn take_overflow(&mut self) -> u64 {
        std::mem::take(&mut self.overflow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn only_what_a_later_read_needs_is_stored() {
        let needed = Needed { from: at(100), open_overlap_to: Some(at(10)), latest: 0 };
        let mut seen = Seen::default();
        for second in [5, 10, 50, 99, 100, 150] {
            seen.insert(
                hash("x", Some(at(second))),
                at(second),
                &needed,
                &mut RunSummary::default(),
            );
        }
        let stored: Vec<_> = seen.to_store(&needed).iter().map(|id| id.time_ms / 1000).collect();
        assert_eq!(stored, [5, 10, 100, 150]);
        assert!(seen.contains(hash("x", Some(at(50)))));
        seen.prune(&Needed { from: at(100), open_overlap_to: None, latest: 0 });
        assert!(!seen.contains(hash("x", Some(at(5)))));
        let reloaded = Seen::load(seen.to_store(&needed));
        assert!(reloaded.contains(hash("x", Some(at(100)))));
        assert!(!reloaded.contains(hash("y", Some(at(100)))));
        assert!(!reloaded.contains(hash("x", Some(at(101)))));
    }

    #[test]
    fn the_latest_are_kept_whatever_their_time() {
        let needed = Needed { from: at(1000), open_overlap_to: None, latest: 2 };
        let mut seen = Seen::default();
        for second in [7, 2000, 5, 6] {
            seen.insert(
                hash("x", Some(at(second))),
                at(second),
                &needed,
                &mut RunSummary::default(),
            );
        }
        let stored: Vec<_> = seen.to_store(&needed).iter().map(|id| id.time_ms / 1000).collect();
        assert_eq!(stored, [2000, 5, 6]);
        seen.prune(&needed);
        assert!(!seen.contains(hash("x", Some(at(7)))));
        assert!(seen.contains(hash("x", Some(at(5)))));
        assert_eq!(seen.to_store(&needed).len(), 3);
    }

    #[test]
    fn a_full_set_forgets_the_oldest_and_counts_it() {
        let needed = Needed { from: at(0), open_overlap_to: None, latest: 0 };
        let mut seen = Seen::default();
        let limit = i64::try_from(MOST_IDS).unwrap();
        for second in 0..limit + 3 {
            seen.insert(
                hash("x", Some(at(second))),
                at(second),
                &needed,
                &mut RunSummary::default(),
            );
        }
        assert_eq!(seen.to_store(&needed).len(), MOST_IDS);
        assert_eq!(seen.take_overflow(), 3);
        assert_eq!(seen.take_overflow(), 0);
        assert!(!seen.contains(hash("x", Some(at(2)))));
        assert!(seen.contains(hash("x", Some(at(3)))));
    }
}
