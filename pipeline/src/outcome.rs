//! What the pipeline made of what was admitted: events and dead letters.

use mef_ports::{DeadLetter, Message};

use crate::letter::{LetterOrigin, Rejection};
use crate::numbering::Numbering;
use crate::split::Kept;

/// The events and dead letters of the records that were admitted together.
#[derive(Debug)]
pub struct Outcome {
    /// The events.
    pub events: Vec<Prepared>,
    /// The rejected records.
    pub letters: Vec<DeadLetter>,
    /// How many fields of events fell back to their defaults because the record
    /// has no value for them.
    pub fallbacks: u64,
    pub(crate) origin: LetterOrigin,
    /// Numbers the records of a page that comes in parts.
    pub(crate) numbering: Numbering,
}

/// An event that is ready for the queue, and the record that it was made of.
#[derive(Debug)]
pub struct Prepared {
    /// What the queue is given.
    pub message: Message,
    pub(crate) kept: Kept,
}

impl Outcome {
    pub(crate) fn reject(&mut self, rejection: Rejection) {
        self.letters.push(self.origin.letter(rejection));
    }
}
