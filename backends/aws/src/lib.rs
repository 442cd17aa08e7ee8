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
mod bucket;
mod clients;
mod config;
mod error;
mod parameters;
mod queue;
mod rejected;
mod settings;
mod table;
mod wakeups;

pub use aws::Aws;
pub use bucket::blobs::S3Blobs;
pub use bucket::captures::S3Captures;
pub use config::{TimeLimits, function_config, load_config};
pub use parameters::manage::StoredSecret;
pub use parameters::store::{ParameterStore, parameter_name};
pub use queue::receive::{QueueCounts, Received};
pub use queue::sqs_queue::SqsQueue;
pub use rejected::queue::RejectedQueue;
pub use settings::{Settings, WakeTarget};
pub use table::items::Table;
pub use wakeups::ScheduledWakeups;
