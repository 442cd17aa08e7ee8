//! Reads single values out of a request that nobody has verified yet.

pub(crate) mod request_part;
pub(crate) mod strict_json;
pub(crate) mod values;
