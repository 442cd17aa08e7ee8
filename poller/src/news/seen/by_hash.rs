//! Tables by the hashes of ids.
//!
//! They are hashes already, but of ids that others chose. A seed of its own in each process keeps those
//! from knowing which ids share a bucket.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

/// Values by the hashes of ids.
pub(crate) type ByHash<V> = HashMap<u64, V, RandomState>;
/// A set of hashes of ids.
pub(crate) type Hashes = HashSet<u64, RandomState>;
