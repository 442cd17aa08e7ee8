//! Reading a stream from page to page, in the way that its kind of cursor needs.

pub(crate) mod by_id;
pub(crate) mod by_time;
pub(crate) mod followed;
pub(crate) mod key;
pub(crate) mod listing;
pub(crate) mod loop_guard;
pub(crate) mod rewrite;
pub(crate) mod time_page;
pub(crate) mod window;
