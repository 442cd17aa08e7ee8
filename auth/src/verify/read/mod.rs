//! Reads single values out of a request that nobody has verified yet.

pub(crate) mod place;
pub(crate) mod strict_json;
pub(crate) mod values;
