//! One run of a stream: its lease, its time, what it reads besides pages, and what it reports.

pub(crate) mod backfill;
pub(crate) mod budget;
pub(crate) mod context;
pub(crate) mod delivery;
pub(crate) mod details;
pub(crate) mod history;
pub(crate) mod lease;
pub(crate) mod partition_list;
pub(crate) mod partitions;
pub(crate) mod report;
pub(crate) mod setup;
pub(crate) mod stretch;
