//! Which sources refuse most of what comes: a secret is wrong, and the vendor will turn the webhook off.
//!
//! An alarm on the stack's share of refused requests would not see one source among many, and a metric of each source
//! costs money each month. So each process keeps the share of what it has seen itself.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use mef_source::SourceName;

/// How long a request counts.
const LATELY: SignedDuration = SignedDuration::from_mins(15);
/// How many requests of a source count.
const MOST: usize = 64;

/// The last requests of each source: when they came, and whether they were refused.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashMap<SourceName, VecDeque<(Timestamp, bool)>>>);

impl Refusals {
    /// Notes a request for `source`, and returns whether it was refused as most were. `source` must be one of
    /// the package: one is kept for each.
    pub(crate) fn note(&self, source: &SourceName, refused: bool, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = all.entry(source.clone()).or_default();
        last.retain(|(came, _)| now.duration_since(*came) < LATELY);
        if last.len() == MOST {
            last.pop_front();
        }
        last.push_back((now, refused));
        let bad = last.iter().filter(|(_, refused)| *refused).count();
        refused && bad * 2 > last.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn one_that_is_refused_among_many_is_not_most_of_them() {
        let (refusals, acme) = (Refusals::default(), SourceName::new("acme").unwrap());
        assert!(!refusals.note(&acme, false, at(0)));
        assert!(!refusals.note(&acme, true, at(1)), "half of them");
        assert!(refusals.note(&acme, true, at(2)));
        assert!(!refusals.note(&acme, false, at(3)), "it was taken");
        assert!(refusals.note(&SourceName::new("other").unwrap(), true, at(3)), "of its own");
    }

    #[test]
    fn what_was_long_ago_does_not_count() {
        let (refusals, acme) = (Refusals::default(), SourceName::new("acme").unwrap());
        for second in 0..10 {
            refusals.note(&acme, false, at(second));
        }
        assert!(!refusals.note(&acme, true, at(60)));
        assert!(refusals.note(&acme, true, at(2_000)));
    }

    #[test]
    fn only_so_many_are_kept() {
        let (refusals, acme) = (Refusals::default(), SourceName::new("acme").unwrap());
        for _ in 0..1_000 {
            refusals.note(&acme, false, at(0));
        }
        let noted = (0..40).map(|_| refusals.note(&acme, true, at(1))).filter(|most| *most).count();
        assert_eq!(noted, 40 - MOST / 2);
    }
}
