//! Log lines go through the redactor.

use std::io::{self, Write};

use super::redactor::Redactor;

/// A writer behind a redactor. Each write must be a whole line, as log formatters do it:
/// a credential that is cut in two is not recognised.
#[derive(Debug)]
pub struct RedactingWriter<W> {
    redactor: Redactor,
    inner: W,
}

impl<W> RedactingWriter<W> {
    /// Masks what `redactor` has learnt by the time each line is written to `inner`.
    pub fn new(redactor: &Redactor, inner: W) -> RedactingWriter<W> {
        RedactingWriter { redactor: redactor.clone(), inner }
    }
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.inner.write_all(self.redactor.mask(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
