//! The operator's source files: found in a folder, loaded, and told about.

pub(crate) mod expansions;
pub(crate) mod files;
pub(crate) mod known;
mod meant;
pub(crate) mod problems;
pub(crate) mod retirements;
pub(crate) mod snapshot;
