//! Webhooks: from a sender's request to its answer.
//!
//! A [`Receiver`] serves one source. It answers 2xx only when every record of the request is in the queue
//! or in the dead letters, so a sender that retries never loses one. A refused sender learns nothing but
//! 401. The crate does no I/O: everything outside is a port.

mod answer;
mod answer_template;
mod at_hand;
mod authorizer;
mod capture;
mod delivery_id;
mod handshake;
mod head;
mod judging;
mod long_work;
mod proven;
mod receiver;
mod request_file;
mod route;
mod verdict;

pub use answer::Answer;
pub use at_hand::key_cache::{KeyCache, KeysUnavailable};
pub use authorizer::{Authorizer, Decision, DenyReason};
pub use capture::Capture;
pub use head::{LARGEST_HEAD, MOST_HEADERS};
pub use receiver::{Observer, Receiver, ReceiverPorts};
pub use request_file::request_file;
pub use route::Route;
pub use verdict::{Handled, Verdict};
