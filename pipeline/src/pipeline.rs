//! The stages in their order, without I/O.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use jiff::Timestamp;
use jsonschema::Validator;
use mef_ports::{DeadLetter, Message, RawRecord, Stage};
use mef_source::Source;
use mef_source::checked::{Decode, EventSpec, Split};
use serde_json::Value;

use crate::admitted::{Admitted, Again, Context, Fetched, Payload};
use crate::decode::{Decoded, decode, decode_json};
use crate::jq::Programs;
use crate::letter::{Refusal, dead_letter, kept_bytes, raw_bytes};
use crate::numbering::Places;
use crate::split::{Kept, NotThere, Record, by_program, nested, parent_digest, root_list};
use crate::structure::structure;
use crate::validate::{SchemaError, compile, validate};

/// How gzip begins (RFC 1952 §2.3.1).
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// The stages of one source and one way in.
#[derive(Debug)]
pub struct Pipeline {
    source: String,
    source_version: String,
    decode: Decode,
    event: EventSpec,
    programs: Programs,
    validator: OnceLock<Result<Validator, SchemaError>>,
}

/// An event that is ready for the queue, with the record that it was made of.
#[derive(Debug)]
pub struct Prepared {
    /// What the queue is given.
    pub message: Message,
    pub(crate) kept: Kept,
}

/// What became of the records that were admitted together.
#[derive(Debug)]
pub struct Outcome {
    /// The events.
    pub events: Vec<Prepared>,
    /// The records that were refused.
    pub letters: Vec<DeadLetter>,
    /// How many fields fell back to their defaults because the record lacks
    /// what they are made of.
    pub fallbacks: u64,
    pub(crate) origin: LetterOrigin,
    /// Where the next record of a page stands.
    places: Places,
}

/// What every dead letter of one outcome has in common.
#[derive(Debug)]
pub(crate) struct LetterOrigin {
    source: String,
    source_version: String,
    context: Context,
}

impl Pipeline {
    /// The pipeline of what is pushed to `source`; `None` if nothing is.
    pub fn for_webhook(source: &Source) -> Option<Pipeline> {
        let webhook = source.webhook.as_ref()?;
        Some(Pipeline::new(source, webhook.decode, &webhook.event))
    }

    /// The pipeline of what is pulled from `source`; `None` if nothing is.
    pub fn for_poll(source: &Source) -> Option<Pipeline> {
        Some(Pipeline::new(source, Decode::Json, &source.poll.as_ref()?.event))
    }

    fn new(source: &Source, decode: Decode, event: &EventSpec) -> Pipeline {
        Pipeline {
            source: source.name.to_string(),
            source_version: source.version.clone(),
            decode,
            event: event.clone(),
            programs: Programs::new(event),
            validator: OnceLock::new(),
        }
    }

    /// Compiles the schema, which else happens with the first record.
    ///
    /// # Errors
    ///
    /// When it is no JSON Schema or refers to another document.
    pub fn check_schema(&self) -> Result<(), SchemaError> {
        match self.validator() {
            Some(Err(error)) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    fn validator(&self) -> Option<&Result<Validator, SchemaError>> {
        let schema = self.event.schema.as_ref()?;
        Some(self.validator.get_or_init(|| compile(schema)))
    }

    /// Takes the records of a page that was fetched at `received_at` through every
    /// stage but the last. More of them may follow by [`Pipeline::add`].
    pub fn page(
        &self,
        received_at: Timestamp,
        records: impl IntoIterator<Item = Fetched>,
    ) -> Outcome {
        let mut outcome = self.outcome(Context::page(received_at));
        records.into_iter().for_each(|fetched| self.add(fetched, &mut outcome));
        outcome
    }

    /// Takes one more record of the page that `outcome` is of through the same
    /// stages. Only its text and its event stay in memory, where its text is known.
    pub fn add(&self, fetched: Fetched, outcome: &mut Outcome) {
        let Fetched { record, text, cursor_id } = fetched;
        let mut places = std::mem::replace(&mut outcome.places, Places::whole());
        match record {
            Ok(value) => self.split(value, text, cursor_id, &mut places, outcome),
            Err(error) => outcome.refuse(Refusal {
                stage: Stage::Decode,
                reason: error.to_string(),
                place: String::new(),
                raw: raw_bytes(&text.unwrap_or_default()),
                parent: None,
                at: places.next(),
                cursor_id,
            }),
        }
        outcome.places = places;
    }

    fn outcome(&self, context: Context) -> Outcome {
        Outcome {
            events: Vec::new(),
            letters: Vec::new(),
            fallbacks: 0,
            origin: LetterOrigin {
                source: self.source.clone(),
                source_version: self.source_version.clone(),
                context,
            },
            places: Places::whole(),
        }
    }

    /// Takes what was admitted through every stage but the last.
    pub fn run(&self, admitted: Admitted) -> Outcome {
        let Admitted { payload, context } = admitted;
        let mut outcome = self.outcome(context);
        match payload {
            Payload::Body { bytes, content_type, content_encoding } => {
                let headers = (content_type.as_deref(), content_encoding.as_deref());
                self.body(&bytes, headers, &mut Places::whole(), &mut outcome);
            }
            Payload::Letter(again) => self.letter(*again, &mut outcome),
        }
        outcome
    }

    fn body(
        &self,
        bytes: &Bytes,
        (content_type, content_encoding): (Option<&str>, Option<&str>),
        places: &mut Places,
        outcome: &mut Outcome,
    ) {
        for decoded in decode(bytes, content_type, content_encoding, self.decode) {
            match decoded {
                Decoded::Value(value) => {
                    if value.is_array() {
                        places.take_apart();
                    }
                    for value in root_list(value) {
                        self.split(value, None, None, places, outcome);
                    }
                }
                Decoded::Unreadable { raw, error, place } => {
                    let at = places.next();
                    outcome.refuse(Refusal {
                        stage: Stage::Decode,
                        reason: error.to_string(),
                        place,
                        raw: raw_bytes(&raw),
                        parent: None,
                        at,
                        cursor_id: None,
                    });
                }
            }
        }
    }

    /// Runs a dead letter from the stage on that it had come to: a record that
    /// was split out of a larger one is not split again.
    fn letter(&self, again: Again, outcome: &mut Outcome) {
        let Again { raw, parent, place, cursor_id, is_line } = again;
        let (text, is_base64) = match raw {
            RawRecord::Record(value) if parent.is_some() => {
                let by_program = matches!(self.event.split, Some(Split::Jq(_)));
                let digest = parent.as_ref().filter(|_| by_program);
                let record = Record {
                    value,
                    text: None,
                    parent_digest: digest.map(|parent| parent_digest(&parent.to_string())),
                    parent: parent.map(Arc::new),
                    place,
                    cursor_id,
                };
                return self.validate(record, outcome);
            }
            RawRecord::Record(value) => {
                return self.split(value, None, cursor_id, &mut Places::inside(place), outcome);
            }
            RawRecord::Text(text) => (text, false),
            RawRecord::Base64(text) => (text, true),
        };
        let headers = &outcome.origin.context.headers;
        let content_type = headers.get("content-type").cloned();
        let content_encoding = headers.get("content-encoding").cloned();
        match kept_bytes(&text, is_base64) {
            Some(bytes) => {
                // One line of a compressed body was kept as it was inside.
                let is_gzip = bytes.starts_with(GZIP_MAGIC);
                let content_encoding = content_encoding.filter(|_| is_gzip);
                let headers = (content_type.as_deref(), content_encoding.as_deref());
                let mut places = if is_line { Places::inside(place) } else { Places::whole() };
                self.body(&bytes, headers, &mut places, outcome);
            }
            None => outcome.refuse(Refusal {
                stage: Stage::Decode,
                reason: "the letter's own base64 is broken".to_owned(),
                place: String::new(),
                raw: RawRecord::Base64(text),
                parent: None,
                at: place,
                cursor_id: None,
            }),
        }
    }

    fn split(
        &self,
        value: Value,
        text: Option<Bytes>,
        cursor_id: Option<String>,
        places: &mut Places,
        outcome: &mut Outcome,
    ) {
        let split = match &self.event.split {
            None => {
                let record = Record {
                    value,
                    text,
                    parent: None,
                    parent_digest: None,
                    place: places.next(),
                    cursor_id,
                };
                return self.validate(record, outcome);
            }
            Some(Split::Path(path)) => nested(value, path, self.event.one_is_a_list)
                .map(|(list, parent)| (list, parent, None)),
            Some(Split::Jq(program)) => {
                by_program(value, program, &self.programs, &outcome.origin.context)
                    .map(|(list, parent, digest)| (list, parent, Some(digest)))
            }
        };
        match split {
            Ok((list, parent, digest)) => {
                places.take_apart();
                for (position, value) in list.into_iter().enumerate() {
                    // One id for the whole: its parts are told apart by place.
                    let cursor_id = cursor_id.as_ref().map(|id| format!("{id}#{position}"));
                    let parent = Some(Arc::clone(&parent));
                    let parent_digest = digest.clone();
                    let place = places.next();
                    let record =
                        Record { value, text: None, parent, parent_digest, place, cursor_id };
                    self.validate(record, outcome);
                }
            }
            Err(NotThere { value, reason, place }) => {
                outcome.refuse(Refusal {
                    stage: Stage::Split,
                    reason,
                    place,
                    raw: RawRecord::Record(value),
                    parent: None,
                    at: places.next(),
                    cursor_id,
                });
            }
        }
    }

    fn validate(&self, record: Record, outcome: &mut Outcome) {
        let fault = match self.validator() {
            None => None,
            Some(Ok(validator)) => validate(validator, &record.value).err(),
            Some(Err(error)) => {
                Some(crate::validate::Fault { reason: error.to_string(), place: String::new() })
            }
        };
        match fault {
            None => self.structure(record, outcome),
            Some(fault) => {
                outcome.refuse(record_refusal(record, Stage::Validate, fault.reason, fault.place));
            }
        }
    }

    fn structure(&self, record: Record, outcome: &mut Outcome) {
        let context = &outcome.origin.context;
        match structure(&self.source, &self.event, &self.programs, context, &record) {
            Ok(structured) => {
                outcome.fallbacks += structured.fallbacks;
                outcome.events.push(Prepared {
                    message: Message {
                        event_id: structured.event_id,
                        source: self.source.clone(),
                        body: structured.body,
                    },
                    kept: record.into_kept(),
                });
            }
            Err(error) => {
                let reason = error.to_string();
                outcome.refuse(record_refusal(record, Stage::Structure, reason, String::new()));
            }
        }
    }
}

impl Outcome {
    fn refuse(&mut self, refusal: Refusal) {
        self.letters.push(self.origin.letter(refusal));
    }
}

impl LetterOrigin {
    fn letter(&self, refusal: Refusal) -> DeadLetter {
        dead_letter(&self.source, &self.source_version, &self.context, refusal)
    }

    /// The dead letter of a record whose event the queue refused for good.
    pub(crate) fn undeliverable(&self, kept: Kept, reason: String) -> DeadLetter {
        let place = String::new();
        self.letter(match kept {
            Kept::Record(record) => record_refusal(record, Stage::Deliver, reason, place),
            Kept::Text { text, place: at, cursor_id } => Refusal {
                stage: Stage::Deliver,
                reason,
                place,
                raw: decode_json(&text).map_or_else(|_| raw_bytes(&text), RawRecord::Record),
                parent: None,
                at,
                cursor_id,
            },
        })
    }
}

fn record_refusal(record: Record, stage: Stage, reason: String, place: String) -> Refusal {
    Refusal {
        stage,
        reason,
        place,
        raw: RawRecord::Record(record.value),
        parent: record.parent.map(|parent| (*parent).clone()),
        at: record.place,
        cursor_id: record.cursor_id,
    }
}
