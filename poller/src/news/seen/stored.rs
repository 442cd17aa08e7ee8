//! What stands in the store of the ids, so that a page adds its own and does not write the others
//! again.

use aws_lc_rs::digest::{SHA256, digest};
use mef_ports::{SeenChange, SeenId};

use crate::ask::fetch_error::MOST_IDS;
use crate::news::seen::by_hash::Hashes;
use crate::news::seen::needed::Needed;

/// How often ids are added before all are stored anew: a backend reads each part by itself.
const MOST_PARTS: usize = 64;

/// What becomes of the ids that are stored.
#[derive(Debug)]
pub(crate) enum Change {
    /// They stay as they are.
    Keep,
    /// These come after them.
    Add(Vec<SeenId>),
    /// These stand in their place.
    Replace(Vec<SeenId>),
}

impl Change {
    pub(crate) fn seen(&self) -> SeenChange<'_> {
        match self {
            Change::Keep => SeenChange::Keep,
            Change::Add(ids) => SeenChange::Add(ids),
            Change::Replace(ids) => SeenChange::Replace(ids),
        }
    }
}

/// What is known of the store.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    /// How many ids there are. One that was added again counts twice.
    ids: usize,
    /// How often ids were added since all were stored, at most.
    parts: usize,
    /// A digest of the ids if none were added to them.
    digest: Option<Vec<u8>>,
    /// What is new or has changed since.
    changed: Vec<u64>,
    /// Whether ids that are stored say what is no longer so.
    is_stale: bool,
    /// Whether it is not known if the last change was made.
    is_pending: bool,
    /// Which of them were needed the last time.
    needed: Option<Needed>,
}

impl Stored {
    /// Returns what is known after these were read.
    pub(crate) fn load(ids: &[SeenId], is_stale: bool) -> Stored {
        let digest = Some(digest_of(ids));
        // Nobody says in how many parts they were stored: if earlier runs were killed, in many.
        let parts = if ids.is_empty() { 0 } else { MOST_PARTS };
        Stored { ids: ids.len(), parts, digest, is_stale, ..Stored::default() }
    }

    /// Notes that an id is new or has changed.
    pub(crate) fn note(&mut self, hash: u64) {
        self.changed.push(hash);
    }

    /// Notes that ids that are stored say what is no longer so.
    pub(crate) fn note_stale(&mut self) {
        self.is_stale = true;
    }

    /// Returns what has changed, if it is enough to add that to what is stored. If not, all of the
    /// `known` ids are to be stored anew.
    pub(crate) fn take_changed(&mut self, known: usize) -> Option<Vec<u64>> {
        let mut noted = Hashes::default();
        self.changed.retain(|hash| noted.insert(*hash));
        let adds = !self.is_stale
            && !self.is_pending
            && self.parts < MOST_PARTS
            && self.changed.len() <= MOST_IDS
            && self.ids + self.changed.len() <= known.min(MOST_IDS) + MOST_IDS;
        adds.then(|| std::mem::take(&mut self.changed))
    }

    /// Returns the same for a page after which these ids are needed. `is_through` says that what only the
    /// pages before it needed must be forgotten: it would be taken for what comes later.
    pub(crate) fn take_changed_by_page(
        &mut self,
        needed: &Needed,
        known: usize,
        is_through: bool,
    ) -> Option<Vec<u64>> {
        let needs_more =
            self.needed.replace(*needed).is_some_and(|before| needed.is_wider(&before));
        if needs_more || is_through { None } else { self.take_changed(known) }
    }

    /// Notes that the store has made the last change.
    pub(crate) fn note_made(&mut self) {
        self.is_pending = false;
    }

    /// Adds these.
    pub(crate) fn add(&mut self, ids: Vec<SeenId>) -> Change {
        if ids.is_empty() {
            return Change::Keep;
        }
        self.ids += ids.len();
        self.parts += 1;
        (self.digest, self.is_pending) = (None, true);
        Change::Add(ids)
    }

    /// Stores these in place of all others, unless that is what is stored. What is in flight is left
    /// to a later change.
    pub(crate) fn replace(&mut self, ids: Vec<SeenId>, in_flight: &Hashes) -> Change {
        self.changed.retain(|hash| in_flight.contains(hash));
        self.is_stale = false;
        let digest = Some(digest_of(&ids));
        if self.digest == digest && !self.is_pending {
            return Change::Keep;
        }
        (self.ids, self.parts, self.digest, self.is_pending) = (ids.len(), 0, digest, true);
        Change::Replace(ids)
    }
}

fn digest_of(ids: &[SeenId]) -> Vec<u8> {
    digest(&SHA256, &SeenId::pack(ids)).as_ref().to_vec()
}
