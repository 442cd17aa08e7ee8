//! Reading a response: which records are on the page, and how to get the next one.
//!
//! `read` reads a page: `decode` turns its bytes into records, `next` finds the way on, and `stop`
//! says whether it is the last.

pub(crate) mod body_records;
pub(crate) mod decode;
pub(crate) mod held;
pub(crate) mod instead;
pub(crate) mod kind;
pub(crate) mod link_header;
pub(crate) mod next;
pub(crate) mod no_page;
pub(crate) mod page_error;
pub(crate) mod read;
pub(crate) mod record;
pub(crate) mod stop;
