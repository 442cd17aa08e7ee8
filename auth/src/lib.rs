//! Who is calling us, and how we prove who we are.
//!
//! [`verify`] judges a webhook request by the checks of a source file: it takes
//! bytes, secrets and a moment, gives a [`verify::Verified`] request or a reason,
//! and does no I/O. [`credentials`] puts our own proof on a request to a vendor.
//! Both handle secrets, so what keeps those out of logs, the [`Redactor`], is
//! here too.

pub mod credentials;
mod hash;
mod header_text;
mod query;
mod redact;
mod request;
mod unique_id;
pub mod verify;

pub use self::header_text::header_text;
pub use self::redact::{RedactingSecrets, RedactingWriter, Redactor};
pub use self::request::Request;
pub use self::unique_id::{NoRandomNumbers, unique_id};
