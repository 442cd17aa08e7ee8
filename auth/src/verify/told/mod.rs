//! What people are told of a judgement: why a request was denied and what the
//! checks saw, but no credential.

pub(super) mod denied;
pub(super) mod explanation;
pub(super) mod mask;
pub(super) mod notes;
pub(super) mod noticed;
mod words;
