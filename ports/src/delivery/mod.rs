//! Where records go: the queue, the dead letters for rejected ones, and what is
//! kept of webhooks.

mod blobs;
mod captures;
mod dead_letters;
mod deliveries;
mod queue;
mod queue_text;

pub use blobs::*;
pub use captures::*;
pub use dead_letters::*;
pub use deliveries::*;
pub use queue::*;
pub use queue_text::*;
