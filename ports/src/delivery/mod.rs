//! Where records go: the queue, the dead letters for rejected ones, and what is
//! kept of webhooks.

mod blobs;
mod captures;
mod dead_letters;
mod deliveries;
mod queue;
mod queue_text;

pub use blobs::{BlobKey, Blobs};
pub use captures::Captures;
pub use dead_letters::{
    DeadLetter, DeadLetters, EMPTY_TAKES, PassedOver, RawRecord, Settled, Stage, Taken, TakenLetter,
};
pub use deliveries::{Deliveries, DeliveryKey};
pub use queue::{Message, Queue, Refused};
pub use queue_text::queue_text;
