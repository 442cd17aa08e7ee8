//! Which records of a page are new, and what becomes of them until they are delivered.
//!
//! `known` recognises a record, `seen` keeps what was delivered, and `gathered` collects the news of
//! a page.

pub(crate) mod gathered;
pub(crate) mod keep;
pub(crate) mod known;
pub(crate) mod page_end;
pub(crate) mod record_time;
pub(crate) mod seen;
