//! The stages in their order, without I/O.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use jiff::Timestamp;
use jsonschema::Validator;
use mef_ports::{Message, RawRecord, Stage};
use mef_source::Source;
use mef_source::checked::{Decode, EventSpec, Split};
use serde_json::Value;

use crate::admitted::{Admitted, Context, Fetched, Payload, RejectedRecord};
use crate::decode::{Decoded, decode};
use crate::jq::Programs;
use crate::letter::{LetterOrigin, Rejection, kept_bytes};
use crate::numbering::Numbering;
use crate::outcome::{Outcome, Prepared};
use crate::split::{NotThere, Record, by_program, nested, parent_digest, root_list};
use crate::structure::structure;
use crate::validate::{Fault, SchemaError, compile, validate};

/// The first bytes of gzip (RFC 1952 §2.3.1).
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

impl Pipeline {
    /// Returns the pipeline for webhooks; `None` if `source` has none.
    pub fn for_webhook(source: &Source) -> Option<Pipeline> {
        let webhook = source.webhook.as_ref()?;
        Some(Pipeline::new(source, webhook.decode, &webhook.event))
    }

    /// Returns the pipeline for fetched records; `None` if `source` is not polled.
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
        let mut outcome = self.outcome(Context::page(received_at));
        records.into_iter().for_each(|fetched| self.add(fetched, &mut outcome));
        outcome
    }

    /// Runs one more record of the page that `outcome` belongs to. If the record's
    /// text is known, only the text and the event stay in memory.
    pub fn add(&self, fetched: Fetched, outcome: &mut Outcome) {
        let Fetched { record, text, cursor_id } = fetched;
        let mut numbering = std::mem::replace(&mut outcome.numbering, Numbering::whole());
        match record {
            Ok(value) => self.split(value, text, cursor_id, &mut numbering, outcome),
            Err(error) => {
                let text = text.unwrap_or_default();
                let rejection = Rejection::unreadable(&text, &error, numbering.next());
                outcome.reject(Rejection { cursor_id, ..rejection });
            }
        }
        outcome.numbering = numbering;
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
            numbering: Numbering::whole(),
        }
    }

    /// Runs what was admitted through every stage but the last.
    pub fn run(&self, admitted: Admitted) -> Outcome {
        let Admitted { payload, context } = admitted;
        let mut outcome = self.outcome(context);
        match payload {
            Payload::Body { bytes, content_type, content_encoding } => {
                let headers = (content_type.as_deref(), content_encoding.as_deref());
                self.body(&bytes, headers, &mut Numbering::whole(), &mut outcome);
            }
            Payload::Letter(rejected) => self.letter(*rejected, &mut outcome),
        }
        outcome
    }

    fn body(
        &self,
        bytes: &Bytes,
        (content_type, content_encoding): (Option<&str>, Option<&str>),
        numbering: &mut Numbering,
        outcome: &mut Outcome,
    ) {
        for decoded in decode(bytes, content_type, content_encoding, self.decode) {
            match decoded {
                Decoded::Value(value) => {
                    if value.is_array() {
                        numbering.begin_parts();
                    }
                    for value in root_list(value) {
                        self.split(value, None, None, numbering, outcome);
                    }
                }
                Decoded::Unreadable { raw, error, place } => {
                    let rejection = Rejection::unreadable(&raw, &error, numbering.next());
                    outcome.reject(Rejection { place, ..rejection });
                }
            }
        }
    }

    /// Runs a dead letter again, from the stage that it had reached: a record that
    /// was split out of a larger one is not split again.
    fn letter(&self, rejected: RejectedRecord, outcome: &mut Outcome) {
        let RejectedRecord { raw, parent, number, cursor_id, is_line } = rejected;
        let (text, is_base64) = match raw {
            RawRecord::Record(value) if parent.is_some() => {
                let by_program = matches!(self.event.split, Some(Split::Jq(_)));
                let digest = parent.as_ref().filter(|_| by_program);
                let record = Record {
                    value,
                    text: None,
                    parent_digest: digest.map(|parent| parent_digest(&parent.to_string())),
                    parent: parent.map(Arc::new),
                    number,
                    cursor_id,
                };
                return self.validate(record, outcome);
            }
            RawRecord::Record(value) => {
                let numbering = &mut Numbering::inside(number);
                return self.split(value, None, cursor_id, numbering, outcome);
            }
            RawRecord::Text(text) => (text, false),
            RawRecord::Base64(text) => (text, true),
        };
        let headers = &outcome.origin.context.headers;
        let content_type = headers.get("content-type").cloned();
        let content_encoding = headers.get("content-encoding").cloned();
        match kept_bytes(&text, is_base64) {
            Some(bytes) => {
                // A single line of a compressed body was kept decompressed.
                let is_gzip = bytes.starts_with(GZIP_MAGIC);
                let content_encoding = content_encoding.filter(|_| is_gzip);
                let headers = (content_type.as_deref(), content_encoding.as_deref());
                let mut numbering =
                    if is_line { Numbering::inside(number) } else { Numbering::whole() };
                self.body(&bytes, headers, &mut numbering, outcome);
            }
            None => outcome.reject(Rejection {
                stage: Stage::Decode,
                reason: "the letter's own base64 is broken".to_owned(),
                place: String::new(),
                raw: RawRecord::Base64(text),
                parent: None,
                number,
                cursor_id: None,
            }),
        }
    }

    fn split(
        &self,
        value: Value,
        text: Option<Bytes>,
        cursor_id: Option<String>,
        numbering: &mut Numbering,
        outcome: &mut Outcome,
    ) {
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
                numbering.begin_parts();
                for (position, value) in list.into_iter().enumerate() {
                    // All parts share the whole's id, so their positions tell them apart.
                    let cursor_id = cursor_id.as_ref().map(|id| format!("{id}#{position}"));
                    let parent = Some(Arc::clone(&parent));
                    let parent_digest = digest.clone();
                    let number = numbering.next();
                    let record =
                        Record { value, text: None, parent, parent_digest, number, cursor_id };
                    self.validate(record, outcome);
                }
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
            }
        }
    }

    fn validate(&self, record: Record, outcome: &mut Outcome) {
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
                let place = String::new();
                outcome.reject(Rejection::of(record, Stage::Structure, reason, place));
            }
        }
    }
}
