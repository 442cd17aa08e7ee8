//! What the pipeline made of what was admitted: events and dead letters.

use std::sync::Arc;

use mef_ports::{DeadLetter, Message, RawRecord};

use crate::fallbacks::Fallbacks;
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
    /// Which fields of events fell back to their defaults because the record
    /// has no value for them.
    pub fallbacks: Fallbacks,
    pub(crate) origin: Arc<LetterOrigin>,
    /// Numbers the records of a page that comes in parts.
    pub(crate) numbering: Numbering,
    /// About how many bytes the events and dead letters are.
    pub(crate) bytes: usize,
}

/// An event that is ready for the queue, and the record that it was made of.
#[derive(Debug)]
pub struct Prepared {
    /// What the queue is given.
    pub message: Message,
    pub(crate) kept: Kept,
}

impl Outcome {
    /// Returns an outcome that has nothing yet.
    pub(crate) fn of(origin: Arc<LetterOrigin>) -> Outcome {
        Outcome {
            events: Vec::new(),
            letters: Vec::new(),
            fallbacks: Fallbacks::default(),
            origin,
            numbering: Numbering::whole(),
            bytes: 0,
        }
    }

    pub(crate) fn add(&mut self, event: Prepared) {
        self.bytes += event.message.body.len();
        self.events.push(event);
    }

    pub(crate) fn reject(&mut self, rejection: Rejection) {
        self.bytes += match &rejection.raw {
            RawRecord::Text(text) | RawRecord::Base64(text) => text.len(),
            // A value's text is not known; few are larger.
            RawRecord::Record(_) => 1024,
        };
        self.letters.push(self.origin.letter(rejection));
    }
}
