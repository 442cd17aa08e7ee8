//! Keeps credentials out of whatever is printed: what learns them, and where
//! they are masked.

mod redactor;
mod secrets;
mod stderr;

pub use self::redactor::Redactor;
pub use self::secrets::RedactingSecrets;
pub use self::stderr::RedactingStderr;
