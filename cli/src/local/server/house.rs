//! Who is connected, and who has to go when there are too many.
//!
//! A full house must not keep out a sender that has something to say. So a new connection takes the place
//! of the oldest one that waits: one without a request, or with half of one; else of the oldest that is slow
//! to send its body. Only if all are being served is it turned away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::limits::Limits;
use super::turn::Turn;

/// The open connections.
pub(super) struct House {
    most: usize,
    slow_body: Duration,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    last: u64,
    guests: BTreeMap<u64, Arc<Turn>>,
}

/// A connection's place in the house, until it is dropped.
pub(super) struct Guest {
    house: Arc<House>,
    number: u64,
    pub(super) turn: Arc<Turn>,
}

impl House {
    /// Returns a house with these limits.
    pub(super) fn new(limits: &Limits) -> Arc<House> {
        let Limits { connections, slow_body, .. } = *limits;
        Arc::new(House { most: connections, slow_body, inside: Mutex::default() })
    }

    /// Takes in a connection; `None` if all are being served and there is no place.
    pub(super) fn enter(self: &Arc<House>) -> Option<Guest> {
        let mut inside = self.inside();
        let staying = || inside.guests.values().filter(|turn| !turn.is_leaving());
        if staying().count() >= self.most {
            let waits = staying().find(|turn| !turn.is_busy());
            let is_slow = |turn: &&Arc<Turn>| turn.is_slow(self.slow_body);
            waits.or_else(|| staying().find(is_slow))?.ask_to_leave();
        }
        inside.last += 1;
        let (number, turn) = (inside.last, Arc::new(Turn::new()));
        inside.guests.insert(number, Arc::clone(&turn));
        Some(Guest { house: Arc::clone(self), number, turn })
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.house.inside().guests.remove(&self.number);
    }
}
