//! Log lines go through the redactor.

use std::io::{self, Write};

use super::redactor::Redactor;

/// Stderr behind a redactor. Each write must be a whole line, as log formatters do it:
/// a credential that is cut in two is not recognised.
#[derive(Clone, Debug)]
pub struct RedactingStderr(Redactor);

impl RedactingStderr {
    /// Masks what `redactor` has learnt by the time each line is written.
    pub fn new(redactor: &Redactor) -> RedactingStderr {
        RedactingStderr(redactor.clone())
    }
}

impl Write for RedactingStderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        io::stderr().lock().write_all(self.0.mask(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
