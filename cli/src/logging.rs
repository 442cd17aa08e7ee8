//! Logs: one line an event on stderr, with every known secret masked.

use std::io::{self, IsTerminal as _, Write};

use mef_auth::Redactor;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::args::{Arguments, Command};

/// Starts logging: text for a person, JSON for a program.
pub(crate) fn start(arguments: &Arguments, redactor: &Redactor) {
    let default = match arguments.command {
        Command::Run(_) => "info",
        _ => "warn",
    };
    let filter = arguments.global.log.as_deref().unwrap_or(default);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(default));
    let is_terminal = io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(is_terminal)
        .with_writer(RedactingStderr(redactor.clone()));
    // A second start, as in tests, keeps the first.
    let _ = if is_terminal {
        builder.try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
}

/// Stderr behind the redactor. The formatter writes each line with one call.
struct RedactingStderr(Redactor);

impl<'w> MakeWriter<'w> for RedactingStderr {
    type Writer = Line<'w>;

    fn make_writer(&'w self) -> Line<'w> {
        Line(&self.0)
    }
}

/// One log line on its way out.
struct Line<'w>(&'w Redactor);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        io::stderr().lock().write_all(self.0.mask(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
