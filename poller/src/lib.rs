//! Pulls: any vendor's list of records, read once each and in bounded steps.
//!
//! The cursor is the product. It moves only by a commit under a lease, only
//! over records that the queue or the dead letters hold, never back and never
//! into the future. A [`Poller`] runs one source: it opens a window, fetches
//! its pages, sorts out repeats, delivers, commits, and goes on until it is
//! caught up, limited, or out of time.

mod backfill;
mod body;
mod budget;
mod classify;
mod decode;
mod delivery;
mod details;
mod error_rules;
mod fetch;
mod fetch_error;
mod followed_stream;
mod gathered;
mod history;
mod id_stream;
mod kept;
mod key;
mod lease;
mod limits;
mod link_header;
mod listing_stream;
mod loop_guard;
mod moment;
mod next_link;
mod pace;
mod page;
mod page_error;
mod partition_list;
mod partitions;
mod poller;
mod record_time;
mod refusal;
mod report;
mod request;
mod rewrite;
mod run;
mod seen;
mod setup;
mod stop;
mod time_stream;
mod unread;
mod wait;
mod window;

pub use backfill::{BackfillError, is_backfill};
pub use budget::Budget;
pub use error_rules::RuledOut;
pub use fetch_error::FetchError;
pub use page_error::PageError;
pub use poller::{PollPorts, Poller};
pub use refusal::Refusal;
pub use report::{RunEnd, RunError, RunLine, RunReport};
pub use request::RequestError;
