//! Every port on AWS: SQS, DynamoDB, Parameter Store, S3 and EventBridge
//! Scheduler.
//!
//! The library code that runs on one embedded file on a laptop runs in the Lambdas
//! through these types. Where AWS has the part, nothing is home-made. A process makes
//! one [`Aws`], which does nothing by itself: a client is made when it is first used,
//! so a function that only sends to the queue starts as fast as if the others did not
//! exist.
//!
//! An error names the operation and the reason that AWS gives, never what was sent.

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
pub use parameters::store::{ParameterStore, parameter_name};
pub use queue::receive::{QueueCounts, Received};
pub use queue::sqs_queue::SqsQueue;
pub use rejected::queue::RejectedQueue;
pub use settings::{Settings, WakeTarget};
pub use table::items::Table;
pub use wakeups::ScheduledWakeups;
