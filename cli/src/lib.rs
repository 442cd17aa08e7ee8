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
mod output;
mod private_file;
#[cfg(feature = "aws")]
mod remote;
mod sources;

use std::process::ExitCode;

use clap::Parser as _;

/// One thread, unless many are served at once: a pull is one conversation with a
/// vendor and a queue, and a hop from thread to thread at each answer would cost a
/// tenth of its time.
fn runtime(command: &args::Command) -> std::io::Result<tokio::runtime::Runtime> {
    use tokio::runtime::Builder;
    let mut builder = match command {
        args::Command::Run(_) | args::Command::Demo(_) => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    };
    builder.enable_all().build()
}

/// Parses the arguments of this process and does what they say.
pub fn main() -> ExitCode {
    let arguments = args::Arguments::parse();
    let redactor = mef_auth::Redactor::default();
    logging::start(&arguments, &redactor);
    let runtime = match runtime(&arguments.command) {
        Ok(runtime) => runtime,
        Err(error) => return output::fail(&redactor, &error.into()),
    };
    match runtime.block_on(commands::run(arguments, redactor.clone())) {
        Ok(code) => code,
        Err(error) => output::fail(&redactor, &error),
    }
}
