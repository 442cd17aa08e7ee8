//! Every port on AWS: SQS, DynamoDB, Parameter Store, S3 and EventBridge
//! Scheduler.
//!
//! The same library code that runs on one embedded file on a laptop runs in the
//! Lambdas by these types, and nothing here is home-made where AWS has the part.
//! [`Aws`] is built once a process and does nothing until it is asked: a client
//! is made when it is first used, so that a function which only sends to the
//! queue starts as fast as if the others were not there.
//!
//! An error names the operation and what AWS said of it, never what was sent.

mod aws;
mod blobs;
mod captures;
mod claim;
mod config;
mod cursors;
mod dead_letters;
mod deliveries;
mod error;
mod fields;
mod item;
mod letter;
mod limits;
mod objects;
mod packing;
mod parameters;
mod queue;
mod receive;
mod rejected;
mod send;
mod stack;
mod table;
mod tokens;
mod wakeups;

pub use aws::{Aws, Settings, WakeTarget};
pub use blobs::S3Blobs;
pub use captures::S3Captures;
pub use config::{TimeLimits, function_config, load_config};
pub use parameters::{ParameterStore, StoredSecret, parameter_name};
pub use queue::SqsQueue;
pub use receive::{QueueCounts, Received};
pub use rejected::RejectedQueue;
pub use table::Table;
pub use wakeups::ScheduledWakeups;
