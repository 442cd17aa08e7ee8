//! What a source file means.
//!
//! Everything here is parsed and consistent: paths, templates and units are
//! read, and every name that is used exists. Nobody who holds a value of these
//! types has to look at the file again.

mod checker;
mod constant;
mod event;
mod json_template;
mod key;
mod load;
mod origin;
mod poll;
mod secret;
mod source;
mod webhook;
mod yaml_error;

pub use event::{EventSpec, Mapping, RecordSchema, Split};
pub use json_template::JsonTemplate;
pub use key::Key;
pub use load::{Loaded, load};
pub use origin::Origin;
pub use poll::*;
pub use source::Source;
pub use webhook::*;

pub use crate::written::{
    Advance, AssertionAlgorithm, Bare, Charset, Compression, Decode, Encoding, EqualBodies,
    ErrorAction, FiltersBy, Granularity, Hash, JwtAlgorithm, KeyEncoding, MissingRecords,
    MissingTrailer, Order, PublicKeyAlgorithm, Repeats, ResetFormat, RestartFrom, Take, TimeFormat,
    TimeUnit, TokenRecord,
};
pub use crate::written::{Bound, Bounds, TimeReader};
