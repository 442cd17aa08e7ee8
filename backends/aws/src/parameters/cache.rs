//! What is known of the secrets, and for how long it is good: no request is
//! made here.
//!
//! A round is one turn of asking Parameter Store. Whoever waits for a value
//! counts only what rounds say that began after it asked, so that a value is
//! never older than the question, and a failure is told to all who waited for
//! that round instead of being met by each again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mef_ports::{SecretRef, SecretVersion};

use crate::error::AwsError;

/// How long it is at most until a secret that was not there, or a store that
/// was away, is asked for again.
const SOON: SignedDuration = SignedDuration::from_secs(30);

/// How long after one refresh of a secret there is no other.
const REFRESH: SignedDuration = SignedDuration::from_secs(60);

/// A value of a secret: the present one, or that of a version.
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

/// What the last round said of a value.
struct Known {
    found: Option<Found>,
    fresh_until: Timestamp,
    round: u64,
}

/// Everything that is known.
#[derive(Default)]
pub(crate) struct Cache {
    known: BTreeMap<Wanted, Known>,
    failed: BTreeMap<Wanted, (u64, AwsError)>,
    wanted: BTreeSet<Wanted>,
    refreshed: BTreeMap<SecretRef, Timestamp>,
    round: u64,
    /// Whether the store was away when it was last asked.
    away: bool,
}

impl Cache {
    /// The value if what is known of it is still good.
    pub(crate) fn fresh(&self, wanted: &Wanted, now: Timestamp) -> Option<Option<Found>> {
        let known = self.known.get(wanted).filter(|known| now < known.fresh_until)?;
        Some(known.found.clone())
    }

    /// The rounds so far: what later ones say answers a question of now.
    pub(crate) fn rounds(&self) -> u64 {
        self.round
    }

    /// What a round after `asked` said of the value, if one did.
    pub(crate) fn answer(
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

    /// Has the next round ask for these.
    pub(crate) fn want(&mut self, wanted: impl IntoIterator<Item = Wanted>) {
        self.wanted.extend(wanted);
    }

    /// Begins a round: its number, and what it has to ask for.
    pub(crate) fn begin_round(&mut self) -> (u64, BTreeSet<Wanted>) {
        self.round += 1;
        (self.round, std::mem::take(&mut self.wanted))
    }

    /// Takes in what the round `round` found at `now`; it is good for `ttl`.
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
            (Some(_), None) => later(now, good),
            // Whoever sets it should not wait long.
            (None, _) => later(now, good.min(SOON)),
        };
        if let (Some(found), None) = (&found, wanted.version) {
            let before = Some(found.number - 1);
            self.known.retain(|known, _| {
                known.reference != wanted.reference
                    || known.version.is_none()
                    || known.version == before
            });
        }
        self.known.insert(wanted, Known { found, fresh_until, round });
    }

    /// Takes in that the round `round` failed. A value that was good stays so
    /// while the store is away; gives whether this is how an incident begins.
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
                known.fresh_until = later(now, good.min(SOON));
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

    /// Makes the next read of the secret's present value ask the store, if that
    /// is worth it; gives whether it will ask.
    pub(crate) fn refresh(&mut self, reference: &SecretRef, now: Timestamp) -> bool {
        let present = Wanted { reference: reference.clone(), version: None };
        let Some(known) = self.known.get_mut(&present) else { return false };
        let last = self.refreshed.get(reference);
        if last.is_some_and(|last| now < later(*last, REFRESH)) {
            return known.fresh_until <= now;
        }
        known.fresh_until = Timestamp::MIN;
        self.refreshed.insert(reference.clone(), now);
        true
    }

    /// Drops what is known of a secret that was just set.
    pub(crate) fn forget(&mut self, reference: &SecretRef) {
        self.known.retain(|known, _| known.reference != *reference);
    }
}

fn later(now: Timestamp, duration: SignedDuration) -> Timestamp {
    now.checked_add(duration).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
