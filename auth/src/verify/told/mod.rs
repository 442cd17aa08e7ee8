//! What people are told of a request: why it was denied, and the request itself without its credentials.

pub(crate) mod conceal;
pub(crate) mod denied;
pub(crate) mod mask;
pub(crate) mod seen;
pub(crate) mod trace;
pub(crate) mod words;
