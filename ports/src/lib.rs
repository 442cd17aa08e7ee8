//! The traits through which the framework meets the outside, and the records
//! that cross them.
//!
//! The pipeline, the webhook handler and the poller know a queue, a cursor
//! store or an HTTP client only by these traits, so the same library code runs
//! on one SQLite file and on AWS. There is no logic here, but for the writing of
//! [`queue_text`], which every queue must be able to take: a rule that both
//! backends must obey is written in a trait's documentation and proven by the
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
mod position;
mod queue;
mod queue_text;
mod receipt;
mod run_summary;
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
    CursorRecord, Move, OpenPass, OpenWait, OpenWindow, ResumeAt, SetupDone, WaitedFor,
};
pub use cursors::{
    Commit, CommitError, Cursors, Lease, LeaseError, SeenId, StoredCursor, StreamKey,
};
pub use dead_letters::{
    DeadLetter, DeadLetters, EMPTY_TAKES, PassedOver, RawRecord, Settled, Stage, Taken, TakenLetter,
};
pub use deliveries::{Deliveries, DeliveryKey};
pub use error::{StoreError, chain};
pub use http_client::{Http, HttpError, HttpRequest, HttpResponse};
pub use limits::Limits;
pub use position::Position;
pub use queue::{Message, Queue, Refused};
pub use queue_text::queue_text;
pub use receipt::Receipt;
pub use run_summary::{LostSpan, PastRun, RunSummary};
pub use secret::Secret;
pub use secrets::{SecretRef, SecretVersion, Secrets, SecretsError};
pub use tokens::{AccessToken, TokenClaim, TokenKey, Tokens};
pub use wakeups::Wakeups;
