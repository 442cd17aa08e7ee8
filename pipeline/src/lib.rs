//! From admitted bytes to events in the queue.
//!
//! ```text
//! Admitted ─▶ decode ─▶ split ─▶ validate ─▶ structure ─▶ deliver
//!                └────────┴─────────┴───────────┴───────────┴──▶ dead letters
//! ```
//!
//! A record enters only as [`Admitted`], which is made from a webhook that
//! `auth` verified, from a record that the poller fetched, or from a dead
//! letter that [`redrive`] runs again. Each stage takes the type that the stage
//! before it returns, so no stage can be left out. A record that a stage
//! rejects becomes a dead letter with the raw record, the stage, the reason and
//! the place of the fault; the other records go on. The records of a body go
//! through a part at a time ([`Running`]). Only [`deliver`], [`deliver_all`] and
//! [`redrive`] do I/O.

mod admitted;
mod decode;
mod deliver;
mod event_id;
mod fallbacks;
mod jq;
mod letter;
mod numbering;
mod outcome;
mod parts;
mod pipeline;
mod redrive;
mod running;
mod short_digest;
mod split;
mod structure;
mod validate;

pub use admitted::{Admitted, Channel, Fetched};
pub use decode::apart::{Apart, Take, apart};
pub use decode::borders::{MOST_RECORDS, is_closed, one_after_another, values_in};
pub use decode::charset::Charsets;
pub use decode::error::DecodeError;
pub use decode::json::{MOST_LEVELS, decode_json};
pub use decode::unpack::{MAX_DECODED, is_packed};
pub use decode::xml::{XmlError, read_xml};
pub use decode::xml_apart::{XmlRead, XmlRecord, read_xml_records};
pub use deliver::{Delivered, Outputs, deliver, deliver_all};
pub use fallbacks::Fallbacks;
pub use outcome::{Outcome, Prepared};
pub use pipeline::Pipeline;
pub use redrive::{Pipelines, Redriven, redrive};
pub use running::Running;
pub use validate::SchemaError;
