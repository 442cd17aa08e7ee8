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
    /// Puts what is of earlier pages first: it is the first to go if the room gets short.
    pub(crate) fn passed_first(
        mut ids: Vec<SeenId>,
        is_passed: impl Fn(&SeenId) -> bool,
    ) -> Stored {
        ids.sort_by_key(|id| !is_passed(id));
        let passed = ids.partition_point(is_passed);
        Stored { ids, passed }
    }
}
