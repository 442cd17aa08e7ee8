//! The ids of delivered records as they are stored.

use mef_ports::SeenId;

/// The ids to store.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) ids: Vec<SeenId>,
    /// How many of them, from the first on, are of records on pages before the one at hand.
    pub(crate) passed: usize,
}

impl Stored {
    /// Puts what is of earlier pages first: it is the first to go if the room gets short. Each id comes
    /// with whether it is of one.
    pub(crate) fn passed_first(all: impl Iterator<Item = (SeenId, bool)>) -> Stored {
        let (mut ids, mut others) = (Vec::new(), Vec::new());
        for (id, is_passed) in all {
            if is_passed { &mut ids } else { &mut others }.push(id);
        }
        let passed = ids.len();
        ids.append(&mut others);
        Stored { ids, passed }
    }
}
