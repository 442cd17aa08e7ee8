//! The first stage: from bytes to records. No later stage sees bytes.
//!
//! A body is decompressed (`unpack`), the borders of its records are found whatever is wrong inside of
//! them (`borders`, `tags`), and each is read when its turn comes. So one bad record spoils no other, and a body
//! is never held as values.

pub(crate) mod apart;
pub(crate) mod body;
pub(crate) mod borders;
pub(crate) mod charset;
pub(crate) mod error;
mod find;
mod form;
mod gunzip;
pub(crate) mod json;
mod tags;
pub(crate) mod unpack;
pub(crate) mod xml;
pub(crate) mod xml_apart;
