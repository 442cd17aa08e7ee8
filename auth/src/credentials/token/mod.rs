//! Access tokens: asked for, kept as long as they are good, and put on requests.

pub(super) mod access_tokens;
mod assertion;
pub(super) mod endpoint;
mod refresh;
pub(super) mod request;
pub(super) mod send;
mod stored;
