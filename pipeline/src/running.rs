//! What was admitted, on its way through the stages: a part of its records at a time.
//!
//! A body of a few megabytes can have 200,000 records, and each takes kilobytes until the queue has its
//! event. So a part is delivered before the next one is read. The numbers of the records go on from part
//! to part: whoever runs the body again, since a part was not delivered, gives each the same number.

use std::sync::Arc;

use bytes::Bytes;
use mef_ports::{RawRecord, Stage};
use mef_source::checked::Split;
use serde_json::Value;

use crate::admitted::{Admitted, Channel, Payload, RejectedRecord};
use crate::decode::body::{Body, Packed, Text, Unreadable, Whole, is_list, list};
use crate::decode::charset::Charsets;
use crate::decode::error::DecodeError;
use crate::decode::json::{MOST_VALUES, decode_record};
use crate::decode::xml_apart::read_element;
use crate::letter::{LetterOrigin, Rejection, kept_bytes};
use crate::numbering::{Numbering, RecordNumber};
use crate::outcome::Outcome;
use crate::parts::Parts;
use crate::pipeline::Pipeline;
use crate::split::{Record, parent_digest};

/// The most records of a part.
const MOST_RECORDS: usize = 500;
/// A part with more bytes than this gets no further record.
const MOST_BYTES: usize = 1024 * 1024;

/// What was admitted, on its way through every stage but the last.
#[derive(Debug)]
pub struct Running<'p> {
    pipeline: &'p Pipeline,
    origin: Arc<LetterOrigin>,
    /// The body, and the lists in it that are being read.
    bodies: Vec<Body>,
    /// What the last whole was split into.
    parts: Option<Parts>,
    numbering: Numbering,
    charsets: Charsets,
    /// The id that a cursor found in a record that is run again.
    cursor_id: Option<String>,
    /// What a single record is, or why it is none.
    single: Option<Result<Record, Rejection>>,
}

impl Pipeline {
    /// Begins to run what was admitted.
    pub fn start(&self, admitted: Admitted) -> Running<'_> {
        let Admitted { payload, context } = admitted;
        let content_type = context.headers.get("content-type").map(String::as_str);
        let charsets = Charsets::of(self.decoding.charset, content_type);
        let mut running = Running {
            pipeline: self,
            origin: self.origin(context),
            bodies: Vec::new(),
            parts: None,
            numbering: Numbering::whole(),
            charsets,
            cursor_id: None,
            single: None,
        };
        match payload {
            Payload::Body(body) => running.bodies.push(body),
            Payload::Letter(rejected) => running.letter(*rejected),
        }
        running
    }

    /// Runs all that was admitted through every stage but the last, at once.
    pub fn run(&self, admitted: Admitted) -> Outcome {
        let mut running = self.start(admitted);
        let mut outcome = Outcome::of(Arc::clone(&running.origin));
        while running.step(&mut outcome) {}
        outcome
    }
}

impl Running<'_> {
    /// Runs the next part of the records; `None` if there is no more.
    pub fn next_part(&mut self) -> Option<Outcome> {
        let mut outcome = Outcome::of(Arc::clone(&self.origin));
        while outcome.events.len() + outcome.letters.len() < MOST_RECORDS
            && outcome.bytes < MOST_BYTES
            && self.step(&mut outcome)
        {}
        (!outcome.events.is_empty() || !outcome.letters.is_empty()).then_some(outcome)
    }

    /// Runs one record at most; returns false if there is no more.
    fn step(&mut self, outcome: &mut Outcome) -> bool {
        if let Some(single) = self.single.take() {
            self.pipeline.take_part(single, outcome);
            return true;
        }
        if let Some(parts) = &mut self.parts {
            match parts.next(&mut self.numbering) {
                Some(part) => self.pipeline.take_part(part, outcome),
                None => self.parts = None,
            }
            return true;
        }
        let Some(body) = self.bodies.last_mut() else { return false };
        match body.next() {
            Some(Whole::Value(value)) => {
                let (numbering, cursor_id) = (&mut self.numbering, self.cursor_id.clone());
                self.parts = self.pipeline.split(value, None, cursor_id, numbering, outcome);
            }
            Some(Whole::Text(text)) => {
                if let Err(unreadable) = self.text(text, outcome) {
                    self.reject(&unreadable, outcome);
                }
            }
            Some(Whole::Unreadable(unreadable)) => match self.elements(unreadable) {
                Ok(parts) => {
                    self.numbering.begin_parts();
                    self.parts = Some(parts);
                }
                Err(unreadable) => self.reject(&unreadable, outcome),
            },
            None => drop(self.bodies.pop()),
        }
        true
    }

    fn text(&mut self, text: Text, outcome: &mut Outcome) -> Result<(), Unreadable> {
        let Text { bytes, place, may_be_list } = text;
        if may_be_list && is_list(&bytes) {
            self.numbering.begin_parts();
            let body = list(&bytes, place.clone());
            self.bodies.push(body.map_err(|error| Unreadable { raw: bytes, error, place })?);
            return Ok(());
        }
        if let Some(Split::Path(path)) = &self.pipeline.event.split {
            match Parts::texts(&bytes, path, self.charsets) {
                Ok(None) => {}
                Ok(Some(parts)) => {
                    self.numbering.begin_parts();
                    self.parts = Some(parts);
                    return Ok(());
                }
                Err(error) => return Err(Unreadable { raw: bytes, error, place }),
            }
        }
        let text = self.charsets.record(&bytes);
        match self.record(&text) {
            Ok((value, is_xml)) => {
                let (numbering, cursor_id) = (&mut self.numbering, self.cursor_id.clone());
                let text = (!is_xml).then_some(text);
                self.parts = self.pipeline.split(value, text, cursor_id, numbering, outcome);
                Ok(())
            }
            Err(error) => Err(Unreadable { raw: bytes, error, place }),
        }
    }

    /// Returns the records of XML that cannot be read as a whole.
    fn elements(&self, unreadable: Unreadable) -> Result<Parts, Unreadable> {
        let Unreadable { raw, error, place } = unreadable;
        let (Some(Split::Path(path)), DecodeError::Xml(_)) = (&self.pipeline.event.split, &error)
        else {
            return Err(Unreadable { raw, error, place });
        };
        let parts = self.charsets.whole(&raw).and_then(|in_utf8| {
            let text = in_utf8.map_or_else(|| raw.clone(), Bytes::from);
            Parts::elements(&text, path, self.charsets)
        });
        parts.map_err(|error| Unreadable { raw, error, place })
    }

    /// Reads the record of a dead letter, and returns whether it is XML: an element is kept as it came.
    fn record(&self, text: &[u8]) -> Result<(Value, bool), DecodeError> {
        let is_xml = self.pipeline.event.one_is_a_list && text.trim_ascii_start().starts_with(b"<");
        let value = match is_xml {
            true => read_element(text, MOST_VALUES)?.0,
            false => decode_record(text)?,
        };
        Ok((value, is_xml))
    }

    fn reject(&mut self, unreadable: &Unreadable, outcome: &mut Outcome) {
        let Unreadable { raw, error, place } = unreadable;
        let number = self.numbering.next();
        outcome.reject(Rejection::unreadable(raw, error, place.clone(), number));
    }

    /// Takes a dead letter, from the stage that it had reached: a record that was split out of a larger one
    /// is not split again.
    fn letter(&mut self, rejected: RejectedRecord) {
        let RejectedRecord { raw, parent, number, cursor_id, place } = rejected;
        let (text, is_base64) = match raw {
            RawRecord::Record(value) => {
                match parent {
                    Some(parent) => {
                        self.single = Some(Ok(self.part(value, parent, number, cursor_id)))
                    }
                    None => {
                        self.numbering = Numbering::inside(number);
                        self.cursor_id = cursor_id;
                        self.bodies.push(Body::One(Some(Whole::Value(value))));
                    }
                }
                return;
            }
            RawRecord::Text(text) => (text, false),
            RawRecord::Base64(text) => (text, true),
        };
        let Some(bytes) = kept_bytes(&text, is_base64) else {
            self.single = Some(Err(Rejection {
                stage: Stage::Decode,
                reason: "the letter's own base64 is broken".to_owned(),
                place: String::new(),
                raw: RawRecord::Base64(text),
                parent,
                number,
                cursor_id,
            }));
            return;
        };
        self.bytes(bytes, parent, number, cursor_id, place);
    }

    /// Takes the bytes of a dead letter: a record that could not be read, or a whole body.
    fn bytes(
        &mut self,
        bytes: Bytes,
        parent: Option<Value>,
        number: RecordNumber,
        cursor_id: Option<String>,
        place: Option<String>,
    ) {
        if let Some(parent) = parent {
            self.single = Some(match self.record(&self.charsets.record(&bytes)) {
                Ok((value, _)) => Ok(self.part(value, parent, number, cursor_id)),
                Err(error) => Err(Rejection {
                    parent: Some(parent),
                    cursor_id,
                    ..Rejection::unreadable(&bytes, &error, place.unwrap_or_default(), number)
                }),
            });
            return;
        }
        let context = &self.origin.context;
        let is_pulled = context.channel == Channel::Poll;
        if is_pulled || place.is_some() {
            self.numbering = Numbering::inside(number);
            self.cursor_id = cursor_id;
            let text = match place {
                Some(place) if !is_pulled => Text::kept(bytes, place),
                place => Text { bytes, place: place.unwrap_or_default(), may_be_list: false },
            };
            self.bodies.push(Body::One(Some(Whole::Text(text))));
            return;
        }
        let header = |name: &str| context.headers.get(name).cloned();
        let (content_type, content_encoding) = (header("content-type"), header("content-encoding"));
        let packed = Packed { bytes, content_type, content_encoding };
        self.bodies.push(packed.read(self.pipeline.decoding));
    }

    /// Returns a record that was split out of `parent` before.
    fn part(
        &self,
        value: Value,
        parent: Value,
        number: RecordNumber,
        cursor_id: Option<String>,
    ) -> Record {
        let by_program = matches!(self.pipeline.event.split, Some(Split::Jq(_)));
        let parent_digest = by_program.then(|| parent_digest(&parent.to_string()));
        Record {
            value,
            text: None,
            parent_digest,
            parent: Some(Arc::new(parent)),
            number,
            cursor_id,
        }
    }
}
