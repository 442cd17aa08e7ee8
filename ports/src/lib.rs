//! The traits through which the framework meets the outside, and the records
//! that cross them.
//!
//! The pipeline, the webhook handler and the poller know a queue, a cursor
//! store or an HTTP client only by these traits, so the same library code runs
//! on one SQLite file and on AWS. The crate does no I/O, and holds only the
//! logic that all sides need: [`queue_text`] and [`moment`]. A rule that every
//! backend must obey is written in a trait's documentation and tested by the
//! conformance suite (feature `conformance`), which each backend runs.

mod blobs;
mod captures;
mod clock;
mod cursor_record;
mod cursors;
mod dead_letters;
mod deliveries;
mod error;
mod http_client;
mod limits;
pub mod moment;
mod queue;
mod queue_text;
mod receipt;
mod secret;
mod secrets;
mod tokens;
mod wakeups;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use blobs::{BlobKey, Blobs};
pub use captures::Captures;
pub use clock::Clock;
pub use cursor_record::{
    CursorRecord, LostSpan, OpenPass, OpenWait, OpenWindow, PastRun, ResumeAt, RunSummary,
    SetupDone, WaitedFor,
};
pub use cursors::{
    Commit, CommitError, Cursors, Lease, LeaseError, Position, SeenId, StoredCursor, StreamKey,
};
pub use dead_letters::{
    DeadLetter, DeadLetters, EMPTY_TAKES, PassedOver, RawRecord, Settled, Stage, Taken, TakenLetter,
};
pub use deliveries::{Deliveries, DeliveryKey};
pub use error::{StoreError, chain};
pub use http_client::{Http, HttpError, HttpRequest, HttpResponse};
pub use limits::Limits;
pub use queue::{Message, Queue, Refused};
pub use queue_text::queue_text;
pub use receipt::Receipt;
pub use secret::Secret;
pub use secrets::{SecretRef, SecretVersion, Secrets, SecretsError};
pub use tokens::{AccessToken, TokenClaim, TokenKey, Tokens};
pub use wakeups::Wakeups;
