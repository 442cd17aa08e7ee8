//! Asking the vendor: from a request to a response that was read.
//!
//! `fetch` sends a request, and `pages` and `wait` ask for pages and for what takes time.
//! `error_rules`, `limits` and `refusal` say what a response means that is no success.

pub(crate) mod asking;
pub(crate) mod error_rules;
pub(crate) mod fetch;
pub(crate) mod fetch_error;
pub(crate) mod limits;
pub(crate) mod pace;
pub(crate) mod pages;
pub(crate) mod refusal;
pub(crate) mod vendor_clock;
pub(crate) mod wait;
