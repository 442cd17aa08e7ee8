//! What the pipeline made of what was admitted: events and dead letters.

use mef_ports::{DeadLetter, Message, RawRecord, Stage};

use crate::admitted::Context;
use crate::decode::json::decode_json;
use crate::letter::{Rejection, dead_letter, raw_bytes};
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

/// What all dead letters of one outcome have in common.
#[derive(Debug)]
pub(crate) struct LetterOrigin {
    pub(crate) source: String,
    pub(crate) source_version: String,
    pub(crate) context: Context,
}

impl Outcome {
    pub(crate) fn reject(&mut self, rejection: Rejection) {
        self.letters.push(self.origin.letter(rejection));
    }
}

impl LetterOrigin {
    fn letter(&self, rejection: Rejection) -> DeadLetter {
        dead_letter(&self.source, &self.source_version, &self.context, rejection)
    }

    /// Makes the dead letter of a record whose event the queue refused for good.
    pub(crate) fn undeliverable(&self, kept: Kept, reason: String) -> DeadLetter {
        let place = String::new();
        self.letter(match kept {
            Kept::Record(record) => Rejection::of(record, Stage::Deliver, reason, place),
            Kept::Text { text, number, cursor_id } => Rejection {
                stage: Stage::Deliver,
                reason,
                place,
                raw: decode_json(&text).map_or_else(|_| raw_bytes(&text), RawRecord::Record),
                parent: None,
                number,
                cursor_id,
            },
        })
    }
}
