//! The engine against a vendor that the test controls: the real poller, the
//! real pipeline and a real SQLite store, with only the network and the clock
//! in the test's hands.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod anchors;
mod asked_again;
mod backfills;
mod begins_again;
mod by_id;
mod chains;
mod cookies;
mod credentials;
mod damaged;
mod decoding;
mod edges_of_windows;
mod errors;
mod every_stream;
mod failures;
mod hard_cases;
mod hostile;
mod jobs;
mod kept_by_vendor;
mod leaving;
mod limits;
mod links;
mod listed_partitions;
mod listing;
mod masked;
mod newest_first;
mod no_page;
mod origins;
mod own_origins;
mod page_bounds;
mod page_ends;
mod pages;
mod partitions;
mod record_lists;
mod repeats;
mod rows_between_lines;
mod scripted;
mod scrolls;
mod side_by_side;
mod stored;
mod support;
mod time_of_items;
mod tokens;
mod totals;
mod twins;
mod unasked;
mod units_of_windows;
mod values;
mod versions;
mod watched;
mod ways_on;
mod windows;
mod wrong_clocks;
mod xml;
