//! The queue that the SIEM reads: its two ends, and what goes into one message.
//!
//! SQS takes ten entries and 1 MiB in one request. [`packing`] divides a batch by
//! that, [`send`] sends it, and [`claim`] makes the message of an event that is too
//! large for one. The queue of rejected records is sent to in the same way.

pub(crate) mod claim;
pub(crate) mod fields;
pub(crate) mod packing;
pub(crate) mod receive;
pub(crate) mod send;
pub(crate) mod sqs_queue;
