//! The values of the secrets, and how long each is good. No request is made here.
//!
//! A round is one request to Parameter Store. Whoever waits for a value takes it only
//! from a round that began after the question, so the value is never older than that.
//! A round that fails does so for all who waited for it; none of them asks again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mef_ports::moment::after;
use mef_ports::{SecretRef, SecretVersion};

use crate::error::AwsError;

/// The longest time until a secret that was missing, or a store that was away, is asked
/// for again.
const SOON: SignedDuration = SignedDuration::from_secs(30);

/// The shortest time between two refreshes of a secret.
const REFRESH: SignedDuration = SignedDuration::from_secs(60);

/// Names a value of a secret: the present one, or that of a version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted {
    pub(crate) reference: SecretRef,
    pub(crate) version: Option<i64>,
}

/// A value, and the number of its version.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) value: SecretVersion,
    pub(crate) number: i64,
}

/// What the last round found of a value.
struct Cached {
    found: Option<Found>,
    fresh_until: Timestamp,
    round: u64,
}

/// The values, and who waits for which.
#[derive(Default)]
pub(crate) struct Cache {
    known: BTreeMap<Wanted, Cached>,
    failed: BTreeMap<Wanted, (u64, AwsError)>,
    wanted: BTreeSet<Wanted>,
    refreshed: BTreeMap<SecretRef, Timestamp>,
    round: u64,
    /// Whether the store was away when it was last asked.
    away: bool,
}

impl Cache {
    /// Returns the value if it is still good at `now`. The inner `None` is a secret that
    /// is missing.
    pub(crate) fn fresh(&self, wanted: &Wanted, now: Timestamp) -> Option<Option<Found>> {
        let known = self.known.get(wanted).filter(|known| now < known.fresh_until)?;
        Some(known.found.clone())
    }

    /// Returns the number of rounds so far. Only later ones count for a question of now.
    pub(crate) fn rounds(&self) -> u64 {
        self.round
    }

    /// Returns what a round after `asked` found of the value; `None` if none did.
    pub(crate) fn result_since(
        &self,
        wanted: &Wanted,
        asked: u64,
    ) -> Option<Result<Option<Found>, AwsError>> {
        if let Some((_, error)) = self.failed.get(wanted).filter(|(round, _)| *round > asked) {
            return Some(Err(error.clone()));
        }
        let known = self.known.get(wanted).filter(|known| known.round > asked)?;
        Some(Ok(known.found.clone()))
    }

    /// Adds the value to the next round.
    pub(crate) fn want(&mut self, wanted: &Wanted) {
        self.wanted.insert(wanted.clone());
    }

    /// Begins a round; returns its number and what it must ask for.
    pub(crate) fn begin_round(&mut self) -> (u64, BTreeSet<Wanted>) {
        self.round += 1;
        (self.round, std::mem::take(&mut self.wanted))
    }

    /// Keeps what the round `round` found at `now`. It is good for `ttl`.
    pub(crate) fn found(
        &mut self,
        round: u64,
        wanted: Wanted,
        found: Option<Found>,
        now: Timestamp,
        ttl: Duration,
    ) {
        self.away = false;
        self.failed.remove(&wanted);
        let good = SignedDuration::try_from(ttl).unwrap_or(SignedDuration::MAX);
        let fresh_until = match (&found, wanted.version) {
            // A version never changes.
            (Some(_), Some(_)) => Timestamp::MAX,
            (Some(_), None) => after(now, good),
            // Whoever sets it now should not wait long.
            (None, _) => after(now, good.min(SOON)),
        };
        if let (Some(found), None) = (&found, wanted.version) {
            let before = Some(found.number - 1);
            self.known.retain(|known, _| {
                known.reference != wanted.reference
                    || known.version.is_none()
                    || known.version == before
            });
        }
        self.known.insert(wanted, Cached { found, fresh_until, round });
    }

    /// Notes that the round `round` failed. A value that was good stays so while the
    /// store is away. Returns whether the store has just gone away.
    pub(crate) fn failed(
        &mut self,
        round: u64,
        wanted: Wanted,
        error: AwsError,
        now: Timestamp,
        ttl: Duration,
    ) -> bool {
        let good = SignedDuration::try_from(ttl).unwrap_or(SignedDuration::MAX);
        let last_good = self.known.get_mut(&wanted).filter(|known| known.found.is_some());
        match last_good.filter(|_| error.away) {
            Some(known) => {
                known.fresh_until = after(now, good.min(SOON));
                known.round = round;
                self.failed.remove(&wanted);
                !std::mem::replace(&mut self.away, true)
            }
            None => {
                self.failed.insert(wanted, (round, error));
                false
            }
        }
    }

    /// Makes the next read of the secret's present value ask the store, unless one was
    /// refreshed a short time ago. Returns whether it will ask.
    pub(crate) fn refresh(&mut self, reference: &SecretRef, now: Timestamp) -> bool {
        let present = Wanted { reference: reference.clone(), version: None };
        let Some(known) = self.known.get_mut(&present) else { return false };
        let last = self.refreshed.get(reference);
        if last.is_some_and(|last| now < after(*last, REFRESH)) {
            return known.fresh_until <= now;
        }
        known.fresh_until = Timestamp::MIN;
        self.refreshed.insert(reference.clone(), now);
        true
    }

    /// Drops the values of a secret that was just set.
    pub(crate) fn forget(&mut self, reference: &SecretRef) {
        self.known.retain(|known, _| known.reference != *reference);
    }
}

#[cfg(test)]
mod tests {
    use mef_ports::Secret;

    use super::*;

    const TTL: Duration = Duration::from_secs(300);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn reference() -> SecretRef {
        SecretRef { source: "okta".to_owned(), name: "api_token".to_owned() }
    }

    fn present() -> Wanted {
        Wanted { reference: reference(), version: None }
    }

    fn version(number: i64) -> Wanted {
        Wanted { version: Some(number), ..present() }
    }

    fn value(number: i64) -> Option<Found> {
        let value = Secret::new(format!("value {number}"));
        let value = SecretVersion { value, version: number.to_string(), since: None };
        Some(Found { value, number })
    }

    fn number(found: Option<Option<Found>>) -> Option<Option<i64>> {
        found.map(|found| found.map(|found| found.number))
    }

    fn away() -> AwsError {
        AwsError::away("away")
    }

    /// One round that says `found` of the present value at `now`.
    fn found(cache: &mut Cache, found: Option<Found>, now: i64) {
        cache.want(&present());
        let (round, wanted) = cache.begin_round();
        for wanted in wanted {
            cache.found(round, wanted, found.clone(), at(now), TTL);
        }
    }

    fn failed(cache: &mut Cache, error: AwsError, now: i64) -> bool {
        let (round, _) = cache.begin_round();
        cache.failed(round, present(), error, at(now), TTL)
    }

    #[test]
    fn a_value_is_good_until_its_end() {
        let mut cache = Cache::default();
        found(&mut cache, value(1), 0);
        assert_eq!(number(cache.fresh(&present(), at(299))), Some(Some(1)));
        assert_eq!(number(cache.fresh(&present(), at(300))), None);
        found(&mut cache, value(2), 300);
        assert_eq!(number(cache.fresh(&present(), at(300))), Some(Some(2)));
    }

    #[test]
    fn what_is_missing_is_asked_for_again_soon() {
        let mut cache = Cache::default();
        found(&mut cache, None, 0);
        assert_eq!(number(cache.fresh(&present(), at(29))), Some(None));
        assert_eq!(number(cache.fresh(&present(), at(30))), None);
    }

    #[test]
    fn only_a_round_after_the_question_answers_it() {
        let mut cache = Cache::default();
        found(&mut cache, value(1), 0);
        let asked = cache.rounds();
        assert!(cache.result_since(&present(), asked).is_none());
        found(&mut cache, value(2), 400);
        let result = cache.result_since(&present(), asked).unwrap().unwrap();
        assert_eq!(result.unwrap().number, 2);
    }

    #[test]
    fn while_the_store_is_away_the_last_value_is_good() {
        let mut cache = Cache::default();
        found(&mut cache, value(1), 0);
        let asked = cache.rounds();
        assert!(failed(&mut cache, away(), 1_000), "an incident begins");
        assert_eq!(cache.result_since(&present(), asked).unwrap().unwrap().unwrap().number, 1);
        assert_eq!(number(cache.fresh(&present(), at(1_029))), Some(Some(1)));
        assert_eq!(number(cache.fresh(&present(), at(1_030))), None, "and is asked for again soon");
        assert!(!failed(&mut cache, away(), 1_030), "it is the same incident");
        found(&mut cache, value(1), 1_060);
        assert!(failed(&mut cache, away(), 2_000), "another incident begins");
    }

    #[test]
    fn a_refusal_is_no_outage() {
        let mut cache = Cache::default();
        found(&mut cache, value(1), 0);
        let asked = cache.rounds();
        failed(&mut cache, AwsError::new("AccessDeniedException"), 1_000);
        assert!(cache.result_since(&present(), asked).unwrap().is_err());
        assert_eq!(number(cache.fresh(&present(), at(1_000))), None);
        found(&mut cache, value(2), 1_001);
        assert!(cache.result_since(&present(), asked).unwrap().is_ok());
    }

    #[test]
    fn a_secret_that_was_missing_has_no_last_value() {
        let mut cache = Cache::default();
        found(&mut cache, None, 0);
        let asked = cache.rounds();
        assert!(!failed(&mut cache, away(), 1_000));
        assert!(cache.result_since(&present(), asked).unwrap().is_err());
    }

    #[test]
    fn a_secret_is_refreshed_once_a_minute() {
        let mut cache = Cache::default();
        assert!(!cache.refresh(&reference(), at(0)), "nothing is known, so nothing is outdated");
        found(&mut cache, value(1), 0);
        assert!(cache.refresh(&reference(), at(1)));
        assert!(cache.fresh(&present(), at(1)).is_none());
        assert!(cache.refresh(&reference(), at(2)), "it will still ask");
        found(&mut cache, value(2), 2);
        assert!(!cache.refresh(&reference(), at(60)));
        assert!(cache.fresh(&present(), at(60)).is_some());
        assert!(cache.refresh(&reference(), at(61)));
    }

    #[test]
    fn a_refreshed_secret_is_served_if_the_store_is_away() {
        let mut cache = Cache::default();
        found(&mut cache, value(1), 0);
        assert!(cache.refresh(&reference(), at(1)));
        failed(&mut cache, away(), 1);
        assert_eq!(number(cache.fresh(&present(), at(1))), Some(Some(1)));
    }

    #[test]
    fn of_the_versions_only_the_one_before_is_kept() {
        let mut cache = Cache::default();
        found(&mut cache, value(2), 0);
        let (round, _) = cache.begin_round();
        cache.found(round, version(1), value(1), at(0), TTL);
        assert_eq!(number(cache.fresh(&version(1), at(1_000_000))), Some(Some(1)));
        found(&mut cache, value(2), 400);
        assert!(cache.fresh(&version(1), at(400)).is_some());
        found(&mut cache, value(3), 800);
        assert!(cache.fresh(&version(1), at(800)).is_none());
    }
}
