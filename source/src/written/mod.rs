//! What a person wrote: the source file as it stands on disk.
//!
//! Every object refuses unknown keys, every choice is an externally tagged
//! enum (`hmac: {…}`), and values that are understood later carry their place,
//! so that a mistake is reported at the letter. Nothing but
//! [`crate::checked`] reads these types; the JSON Schema that editors use is
//! generated from them, doc comments and all.

mod event;
mod from_node;
mod located;
mod node;
mod one_or_many;
mod poll;
mod signing;
mod source_file;
mod text_or_object;
mod webhook;

pub use event::*;
pub(crate) use from_node::from_node;
pub use located::Located;
pub use node::Node;
pub use one_or_many::OneOrMany;
pub use poll::*;
pub use signing::{Encoding, Hash, Key, KeyEncoding};
pub use source_file::SourceFile;
pub use webhook::*;

pub use crate::time_format::TimeFormat;
