//! What people are told of a request: why it was denied, and the request itself without its credentials.

pub(crate) mod denied;
pub(crate) mod mask;
pub(crate) mod noticed;
pub(crate) mod explanation;
pub(crate) mod words;
