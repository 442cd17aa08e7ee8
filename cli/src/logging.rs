//! Log lines on stderr, with every known secret masked.

use std::io;

use mef_auth::{RedactingWriter, Redactor};
use tracing_subscriber::EnvFilter;

use crate::args::{Arguments, Command};
use crate::output;

/// Starts logging: text if a person watches, else JSON.
pub(crate) fn start(arguments: &Arguments, redactor: &Redactor) {
    let default = match arguments.command {
        Command::Run(_) => "info",
        _ => "warn",
    };
    let filter = arguments.global.log.as_deref().unwrap_or(default);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(default));
    let is_terminal = output::is_watched();
    let redactor = redactor.clone();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(is_terminal)
        .with_writer(move || RedactingWriter::new(&redactor, io::stderr()));
    // A second start, as in tests, keeps the first.
    let _ = if is_terminal {
        builder.try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
}
