//! The stages in their order, without I/O.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use jiff::Timestamp;
use jsonschema::Validator;
use mef_ports::{Message, RawRecord, Stage};
use mef_source::Source;
use mef_source::checked::{Decode, EventSpec, Split};
use serde_json::Value;

use crate::admitted::{Context, Fetched};
use crate::decode::body::Decoding;
use crate::jq::Programs;
use crate::letter::{LetterOrigin, Rejection};
use crate::numbering::Numbering;
use crate::outcome::{Outcome, Prepared};
use crate::parts::Parts;
use crate::split::{NotThere, Record, by_program, nested};
use crate::structure::structure;
use crate::validate::{Fault, SchemaError, compile, validate};

/// The stages of one source and one way in.
#[derive(Debug)]
pub struct Pipeline {
    source: String,
    source_version: String,
    pub(crate) decoding: Decoding,
    pub(crate) event: EventSpec,
    programs: Programs,
    validator: OnceLock<Result<Validator, SchemaError>>,
}

impl Pipeline {
    /// Returns the pipeline for webhooks; `None` if `source` has none.
    pub fn for_webhook(source: &Source) -> Option<Pipeline> {
        let webhook = source.webhook.as_ref()?;
        let decoding = Decoding { format: webhook.decode, charset: webhook.charset };
        Some(Pipeline::new(source, decoding, &webhook.event))
    }

    /// Returns the pipeline for fetched records; `None` if `source` is not polled.
    pub fn for_poll(source: &Source) -> Option<Pipeline> {
        let poll = source.poll.as_ref()?;
        let has_records = poll.details.last().map_or(&poll.pages, |detail| &detail.pages);
        // Its letters have the records as JSON texts, whatever the format of the page was.
        let decoding = Decoding { format: Decode::Json, charset: has_records.charset };
        Some(Pipeline::new(source, decoding, &poll.event))
    }

    fn new(source: &Source, decoding: Decoding, event: &EventSpec) -> Pipeline {
        Pipeline {
            source: source.name.to_string(),
            source_version: source.version.clone(),
            decoding,
            event: event.clone(),
            programs: Programs::new(event),
            validator: OnceLock::new(),
        }
    }

    /// Compiles the schema now and not with the first record.
    ///
    /// # Errors
    ///
    /// Fails if it is not a JSON Schema or refers to another document.
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

    /// Runs the records of a page through every stage but the last. The page was
    /// fetched at `received_at`. [`Pipeline::add`] adds more of its records.
    pub fn page(
        &self,
        received_at: Timestamp,
        records: impl IntoIterator<Item = Fetched>,
    ) -> Outcome {
        let mut outcome = Outcome::of(self.origin(Context::page(received_at)));
        records.into_iter().for_each(|fetched| self.add(fetched, &mut outcome));
        outcome
    }

    /// Runs one more record of the page that `outcome` belongs to. If the record's
    /// text is known, only the text and the event stay in memory.
    pub fn add(&self, fetched: Fetched, outcome: &mut Outcome) {
        let Fetched { record, text, cursor_id } = fetched;
        let mut numbering = std::mem::replace(&mut outcome.numbering, Numbering::whole());
        match record {
            Ok(value) => {
                if let Some(mut parts) = self.split(value, text, cursor_id, &mut numbering, outcome)
                {
                    while let Some(part) = parts.next(&mut numbering) {
                        self.take_part(part, outcome);
                    }
                }
            }
            Err(error) => {
                let text = text.unwrap_or_default();
                let rejection =
                    Rejection::unreadable(&text, &error, String::new(), numbering.next());
                outcome.reject(Rejection { cursor_id, ..rejection });
            }
        }
        outcome.numbering = numbering;
    }

    pub(crate) fn origin(&self, context: Context) -> Arc<LetterOrigin> {
        Arc::new(LetterOrigin {
            source: self.source.clone(),
            source_version: self.source_version.clone(),
            context,
        })
    }

    /// Runs a value that is one record, or splits it.
    pub(crate) fn split(
        &self,
        value: Value,
        text: Option<Bytes>,
        cursor_id: Option<String>,
        numbering: &mut Numbering,
        outcome: &mut Outcome,
    ) -> Option<Parts> {
        let split = match &self.event.split {
            None => {
                let record = Record {
                    value,
                    text,
                    parent: None,
                    parent_digest: None,
                    number: numbering.next(),
                    cursor_id,
                };
                self.validate(record, outcome);
                return None;
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
                numbering.begin_parts();
                Some(Parts::values(list, parent, digest, cursor_id))
            }
            Err(NotThere { value, reason, place }) => {
                outcome.reject(Rejection {
                    stage: Stage::Split,
                    reason,
                    place,
                    raw: RawRecord::Record(value),
                    parent: None,
                    number: numbering.next(),
                    cursor_id,
                });
                None
            }
        }
    }

    /// Runs a record that was split out of something larger.
    pub(crate) fn take_part(&self, part: Result<Record, Rejection>, outcome: &mut Outcome) {
        match part {
            Ok(record) => self.validate(record, outcome),
            Err(rejection) => outcome.reject(rejection),
        }
    }

    pub(crate) fn validate(&self, record: Record, outcome: &mut Outcome) {
        let fault = match self.validator() {
            None => None,
            Some(Ok(validator)) => validate(validator, &record.value).err(),
            Some(Err(error)) => Some(Fault { reason: error.to_string(), place: String::new() }),
        };
        match fault {
            None => self.structure(record, outcome),
            Some(fault) => {
                let Fault { reason, place } = fault;
                outcome.reject(Rejection::of(record, Stage::Validate, reason, place));
            }
        }
    }

    fn structure(&self, record: Record, outcome: &mut Outcome) {
        let context = &outcome.origin.context;
        match structure(&self.source, &self.event, &self.programs, context, &record) {
            Ok(structured) => {
                outcome.fallbacks.merge(structured.fallbacks);
                outcome.add(Prepared {
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
                let place = String::new();
                outcome.reject(Rejection::of(record, Stage::Structure, reason, place));
            }
        }
    }
}
