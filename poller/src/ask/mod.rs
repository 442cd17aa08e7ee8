//! Asking the vendor: from the source file's templates to a response that can be read.
//!
//! `request` builds a request out of what `scope` knows, `fetch` sends it, and `pages` and `wait`
//! ask for pages and for what takes time. `error_rules`, `limits` and `refusal` say what a response
//! means that is no success.

pub(crate) mod asking;
pub(crate) mod body;
pub(crate) mod error_rules;
pub(crate) mod fetch;
pub(crate) mod fetch_error;
pub(crate) mod limits;
pub(crate) mod link_secrets;
pub(crate) mod pace;
pub(crate) mod pages;
pub(crate) mod refusal;
pub(crate) mod render;
pub(crate) mod request;
pub(crate) mod scope;
pub(crate) mod urls;
pub(crate) mod wait;
