//! Keeps credentials out of whatever is printed: every secret that is read is
//! learnt, and every line that is logged is masked.

mod forms;
mod redactor;
mod secrets;
mod writer;

pub use self::redactor::Redactor;
pub use self::secrets::RedactingSecrets;
pub use self::writer::RedactingWriter;
