//! The written form: the source file as a person wrote it.
//!
//!
//! Every object refuses unknown keys, every choice is an externally tagged enum
//! (`hmac: {…}`), and values that are checked later carry their place, so that
//! a mistake is reported exactly where it is. Only [`crate::checked`] reads
//! these types. The JSON Schema for editors is generated from them, with their
//! doc comments as descriptions.
//!
//! The folders are those of the checked form: what a key is in the file and
//! what it means are found at the same place on both sides.

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
