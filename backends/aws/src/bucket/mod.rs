//! The bucket, for what is too large for a queue or only kept for a person.

pub(crate) mod blobs;
pub(crate) mod captures;
pub(crate) mod objects;
