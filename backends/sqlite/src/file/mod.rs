//! The file: opened, read, written and closed.
//!
//! What is in the tables is the business of the ports. Here is what keeps the promise that one file is
//! the store: durable commits, reads beside a write, looks that write nothing, a full disk that can be
//! emptied, a file that is taken away while it is open, and an end that leaves nothing beside the file.

pub(crate) mod failure;
pub(crate) mod in_place;
pub(crate) mod open;
pub(crate) mod open_error;
pub(crate) mod reader;
pub(crate) mod reserve;
pub(crate) mod schema;
pub(crate) mod writer;
