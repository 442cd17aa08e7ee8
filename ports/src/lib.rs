//! The traits through which the framework meets the outside, and the records
//! that cross them.
//!
//! The pipeline, the webhook handler and the poller know a queue, a cursor
//! store or an HTTP client only by these traits, so the same library code runs
//! on one SQLite file and on AWS. The crate does no I/O, and holds only the
//! logic that all sides need: [`queue_text`], [`read_json`] and [`moment`]. A rule that every
//! backend must obey is written in a trait's documentation and tested by the
//! conformance suite (feature `conformance`), which each backend runs.

mod clock;
mod credentials;
mod cursor_record;
mod cursors;
mod delivery;
mod error;
mod http_client;
mod json_value;
pub mod moment;
mod position;
mod receipt;
mod run_summary;
mod wakeups;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use clock::Clock;
pub use credentials::{
    AccessToken, Limits, Secret, SecretRef, SecretVersion, Secrets, SecretsError, TokenClaim,
    TokenKey, Tokens,
};
pub use cursor_record::{
    Counted, CursorRecord, Move, OpenPass, OpenWait, OpenWindow, ResumeAt, SetupDone, VendorDate,
    WaitedFor,
};
pub use cursors::{
    Commit, CommitError, Cursors, LONGEST_LEASE, Lease, LeaseError, SeenChange, SeenId,
    StoredCursor, StreamKey,
};
pub use delivery::{
    BlobEntry, BlobKey, Blobs, Captures, DeadLetter, DeadLetters, Deliveries, DeliveryKey,
    EMPTY_TAKES, LetterCounts, Message, PassedOver, Queue, RawRecord, Refused, Settled, Stage,
    Taken, TakenLetter, queue_text,
};
pub use error::{StoreError, chain};
pub use http_client::{Http, HttpError, HttpRequest, HttpResponse};
pub use json_value::read_json;
pub use position::Position;
pub use receipt::Receipt;
pub use run_summary::{LostSpan, PastRun, RunSummary};
pub use wakeups::Wakeups;
