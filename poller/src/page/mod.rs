//! Reading a response: the records of a page, where the next page is, and whether there is one.

pub(crate) mod body_records;
pub(crate) mod decode;
pub(crate) mod link_header;
pub(crate) mod next;
pub(crate) mod page_error;
pub(crate) mod read;
pub(crate) mod record;
pub(crate) mod stop;
