//! Reads single values out of a request that nobody has verified yet.

pub(super) mod credential;
pub(super) mod each;
pub(super) mod json;
pub(super) mod strict_json;
pub(super) mod values;
