//! Which records of a page are news, and what becomes of them until they are delivered.

pub(crate) mod gathered;
pub(crate) mod keep;
pub(crate) mod known;
pub(crate) mod page_end;
pub(crate) mod record_time;
pub(crate) mod seen;
