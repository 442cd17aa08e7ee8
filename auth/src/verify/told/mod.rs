//! What people are told of a judgement: what the checks saw, but no credential.

pub(super) mod explanation;
pub(super) mod mask;
pub(super) mod notes;
pub(super) mod noticed;
