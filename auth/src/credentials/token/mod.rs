//! Access tokens: asked for, kept as long as they are good, and put on requests.

pub(crate) mod access_tokens;
pub(crate) mod assertion;
pub(crate) mod endpoint;
pub(crate) mod refresh;
pub(crate) mod request;
