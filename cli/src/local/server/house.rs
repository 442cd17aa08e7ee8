//! Who is connected, and who has to go when there are too many.
//!
//! A full house must not keep out a sender that has something to say. So a new connection takes the place
//! of the oldest one that waits: one without a request, or with half of one. Only if all are being served
//! is it turned away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::turn::Turn;

/// The open connections.
pub(super) struct House {
    most: usize,
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
    /// Returns a house for `most` connections.
    pub(super) fn new(most: usize) -> Arc<House> {
        Arc::new(House { most, inside: Mutex::default() })
    }

    /// Takes in a connection; `None` if all are being served and there is no place.
    pub(super) fn enter(self: &Arc<House>) -> Option<Guest> {
        let mut inside = self.inside();
        let staying = || inside.guests.values().filter(|turn| !turn.is_leaving());
        if staying().count() >= self.most {
            staying().find(|turn| !turn.is_busy())?.ask_to_leave();
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
