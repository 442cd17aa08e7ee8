//! From admitted bytes to events in the queue.
//!
//! ```text
//! Admitted ─▶ decode ─▶ split ─▶ validate ─▶ structure ─▶ deliver
//!                └────────┴─────────┴───────────┴───────────┴──▶ dead letters
//! ```
//!
//! A record comes in only as [`Admitted`]: out of a webhook that `auth`
//! verified, fetched by the poller, or out of a dead letter that [`redrive`]
//! runs again. Each stage takes what the one before it
//! gives, so none can be left out. What a stage refuses becomes a dead letter
//! with the raw record, the stage, the reason and the place; the records
//! beside it go on. Only [`deliver`] and [`redrive`] do any
//! I/O.

mod admitted;
mod decode;
mod deliver;
mod event_id;
mod jq;
mod letter;
mod numbering;
mod pipeline;
mod redrive;
mod split;
mod structure;
mod validate;

pub use admitted::{Admitted, Channel, Fetched};
pub use decode::{DecodeError, MAX_DECODED, MOST_LEVELS, decode_json, gunzip};
pub use deliver::{Outputs, deliver};
pub use pipeline::{Outcome, Pipeline, Prepared};
pub use redrive::{Pipelines, Redriven, redrive};
pub use validate::SchemaError;
