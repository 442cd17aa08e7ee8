//! Pulls: any vendor's list of records, each read once and in bounded steps.
//!
//! The cursor is the product. It moves only by a commit under a lease and only over records that
//! the queue or the dead letters hold, never back and never into the future. A [`Poller`] runs one
//! source: it opens a window, fetches its pages, drops repeats, delivers, commits, and goes on
//! until it is caught up, limited, or out of time.

mod ask;
mod budget;
mod lease;
mod news;
mod page;
mod poller;
mod request;
mod run;
mod stream;
mod stretch;
mod work;

pub use ask::fetch_error::FetchError;
pub use ask::refusal::Refusal;
pub use ask::refusal::RuledOut;
pub use budget::Budget;
pub use page::instead::Instead;
pub use page::page_error::PageError;
pub use poller::{PollPorts, Poller};
pub use request::render::RequestError;
pub use run::backfill::BackfillError;
pub use run::history::MOST_PAST_RUNS;
pub use stretch::is_backfill;
pub use work::report::{RunEnd, RunError, RunLine, RunReport};
