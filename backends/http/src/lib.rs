//! The outside, as any laptop or server has it: HTTP to vendors, and the time.
//!
//! [`HttpClients`] holds the connections of a process. An `Http` port made from
//! it reaches only what its source file allows: the rules are in `addresses`,
//! and they are checked on the address that is connected to.

mod addresses;
mod clients;
mod source;
mod system_clock;
mod webhooks;

pub use clients::HttpClients;
pub use source::may_reach;
pub use system_clock::SystemClock;
