//! `mef`: the whole framework on this machine, on one embedded file.
//!
//! The commands are thin: each builds its context once and calls the libraries
//! that the Lambdas call too. Data goes to stdout, words to stderr.

pub mod args;
mod backend;
mod commands;
pub mod demo;
mod local;
mod logging;
mod offline;
mod one_index;
mod output;
mod private_file;
#[cfg(feature = "aws")]
mod remote;
pub mod run_options;
mod sources;

use std::process::ExitCode;

use clap::Parser as _;

/// Returns a runtime with one thread, unless the command serves many senders at once.
///
/// A pull is one conversation with a vendor and a queue: a hop from thread to thread at each response
/// would cost a tenth of its time.
fn runtime(command: &args::Command) -> std::io::Result<tokio::runtime::Runtime> {
    use tokio::runtime::Builder;
    let mut builder = match command {
        args::Command::Run(_) | args::Command::Demo(_) => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    };
    builder.enable_all().build()
}

/// Does what the arguments of this process say, and returns its exit status.
pub fn main() -> ExitCode {
    let arguments = args::Arguments::parse();
    let redactor = mef_auth::Redactor::default();
    logging::start(&arguments, &redactor);
    let done = runtime(&arguments.command)
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(commands::run(arguments, redactor.clone())));
    done.unwrap_or_else(|error| output::fail(&redactor, &error))
}
