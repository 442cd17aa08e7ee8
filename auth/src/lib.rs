//! Who is calling us, and how we prove who we are.
//!
//! [`verify`] judges a webhook request by the checks of a source file: bytes,
//! secrets and a moment in, a [`verify::Verified`] request or a reason out, and
//! no I/O. [`credentials`] puts our own proof on a request to a vendor. Both
//! handle secrets, so what keeps them out of logs, the [`Redactor`], is here
//! too.

pub mod credentials;
mod redact;
mod request;
pub mod verify;

pub use redact::{RedactingSecrets, RedactingStderr, Redactor};
pub use request::Request;
