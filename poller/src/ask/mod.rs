//! Asking the vendor: a request out of the source file's templates, sent within limits and with the
//! credential, and what the response means when it is no page.

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
